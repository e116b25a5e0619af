import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { formatValue } from "./format-value.ts";

test("formats plain data on one line, and other objects only by their kind", () => {
  class Client {
    readonly password = "secret";
  }
  expect(formatValue("node-9")).toBe('"node-9"');
  expect(formatValue(undefined)).toBe("undefined");
  expect(formatValue({ role: "master", node: { password: "secret" } })).toBe(
    "{ role: 'master', node: [Object] }",
  );
  expect(formatValue(["node-9", new Client()])).toBe("[ 'node-9', [Client] ]");
  expect(formatValue(new Client())).toBe("[Client]");
  expect(formatValue(runInNewContext("({ random: 1 })"))).toContain("random: 1");
});
