import { expect, test } from "vitest";
import { describeEntries, SERVER_LOGS, type ServerLog } from "./server-logs.ts";

const SLOW_LOG = SERVER_LOGS.find(({ description }) => description === "its slow log") as ServerLog;
const ACL_LOG = SERVER_LOGS.find(({ description }) => description === "its ACL log") as ServerLog;

/** Returns an entry of the slow log, as a server replies with it. */
function slow(...command: readonly string[]): unknown {
  return [14, 1_795_000_000, 12_345, command, "10.192.0.1:40404", ""];
}

function describeSlowLog(
  entries: readonly unknown[],
  commandNames: Record<string, string> = {},
): string | undefined {
  return describeEntries(SLOW_LOG, entries, commandNames);
}

test("entries of commands that query a node do not count in the slow log", () => {
  const queries = [slow("INFO", "all"), slow("cluster", "SLOTS"), slow("CONFIG", "GET", "*")];
  expect(describeSlowLog(queries)).toBeUndefined();
  expect(describeSlowLog([...queries, slow("sort", "key"), slow("KEYS", "*"), slow("KEYS", "*")])).toBe(
    "entries in its slow log (KEYS, SORT)",
  );
});

test("a renamed command counts as the original one", () => {
  const entries = [slow("secret-config", "GET", "*")];
  expect(describeSlowLog(entries, { CONFIG: "secret-config" })).toBeUndefined();
  expect(describeSlowLog(entries)).toBe("entries in its slow log (SECRET-CONFIG)");
});

test("entries of other logs are counted, whether the reply is a number or a list", () => {
  expect(describeEntries(ACL_LOG, 0, {})).toBeUndefined();
  expect(describeEntries(ACL_LOG, 2, {})).toBe("entries in its ACL log");
  expect(describeEntries(ACL_LOG, [], {})).toBeUndefined();
  expect(describeEntries(ACL_LOG, [["command", 1_795_000_000, 100, 1000]], {})).toBe(
    "entries in its ACL log",
  );
  expect(describeEntries(ACL_LOG, [["count", 1, "reason", "command", "context", "toplevel"]], {})).toBe(
    "entries in its ACL log",
  );
});

test("a server without the log has no entries", () => {
  expect(describeEntries(ACL_LOG, new Error("ERR unknown command 'COMMANDLOG'"), {})).toBeUndefined();
});
