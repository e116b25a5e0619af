import { expect, test } from "vitest";
import { hasEntries } from "./server-logs.ts";

/** Returns an entry of the slow log, as a server replies with it. */
function slow(...command: readonly string[]): unknown {
  return [14, 1_795_000_000, 12_345, command, "10.192.0.1:40404", ""];
}

test("entries of commands that query a node do not count in the slow log", () => {
  expect(hasEntries([slow("INFO", "all"), slow("cluster", "SLOTS"), slow("CONFIG", "GET", "*")], {})).toBe(
    false,
  );
  expect(hasEntries([slow("INFO", "all"), slow("KEYS", "*")], {})).toBe(true);
});

test("a renamed command counts as the original one", () => {
  expect(hasEntries([slow("secret-config", "GET", "*")], { CONFIG: "secret-config" })).toBe(false);
  expect(hasEntries([slow("secret-config", "GET", "*")], {})).toBe(true);
});

test("entries of other logs are counted, whether the reply is a number or a list", () => {
  expect(hasEntries(0, {})).toBe(false);
  expect(hasEntries(2, {})).toBe(true);
  expect(hasEntries([], {})).toBe(false);
  expect(hasEntries([["command", 1_795_000_000, 100, 1000]], {})).toBe(true);
  expect(hasEntries([["count", 1, "reason", "command", "context", "toplevel"]], {})).toBe(true);
});

test("a server without the log has no entries", () => {
  expect(hasEntries(new Error("ERR unknown command 'COMMANDLOG'"), {})).toBe(false);
});
