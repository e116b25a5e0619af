import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { shown } from "./shown.ts";

test("what was passed is told on one line, and of what is no data only its kind", () => {
  class Client {
    readonly password = "secret";
  }
  expect(shown("node-9")).toBe('"node-9"');
  expect(shown(undefined)).toBe("undefined");
  expect(shown({ role: "master", node: { password: "secret" } })).toBe("{ role: 'master', node: [Object] }");
  expect(shown(["node-9", new Client()])).toBe("[ 'node-9', [Client] ]");
  expect(shown(new Client())).toBe("[Client]");
  expect(shown(runInNewContext("({ random: 1 })"))).toContain("random: 1");
});
