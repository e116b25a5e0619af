import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { formatValue, Redacted, redactValue } from "./format-value.ts";

class Client {
  readonly password = "secret";
}

test.each<readonly [string, unknown]>([
  ['"node-9"', "node-9"],
  [String.raw`"a \"quoted\"\nline"`, 'a "quoted"\nline'],
  ["undefined", undefined],
  ["null", null],
  ["NaN", Number.NaN],
  ["6n", 6n],
  ["Symbol(six)", Symbol("six")],
  ['{ random: 1, role: "master", "a-b": undefined }', { random: 1, role: "master", "a-b": undefined }],
  ["{ random: 1 }", runInNewContext("({ random: 1 })")],
  ["{ random: 1 }", Object.assign(Object.create(null), { random: 1 })],
  ['["node-9", 1, null]', ["node-9", 1, null]],
  ["[undefined, undefined]", Array(2)],
  ["[0, 1, 2, 3, 4, 5, 6, 7]", [0, 1, 2, 3, 4, 5, 6, 7]],
  ["[]", []],
  ["{}", {}],
])("formats plain data on one line as TypeScript code: %s", (expected, value) => {
  expect(formatValue(value)).toBe(expected);
});

test("shows objects inside plain data, and objects of classes, only by their kind", () => {
  expect(formatValue(new Client())).toBe("[Client]");
  expect(formatValue(["node-9", new Client()])).toBe('["node-9", [Client]]');
  expect(formatValue({ role: "master", node: { password: "secret" }, names: ["a"] })).toBe(
    '{ role: "master", node: [Object], names: [Array] }',
  );
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  expect(formatValue(cyclic)).toBe("{ self: [Object] }");
  expect(formatValue(new TypeError("failed"))).toBe("TypeError: failed");
});

test("shows the description of a redacted value", () => {
  expect(formatValue(new Redacted("a secret"))).toBe("a secret");
});

test.each<readonly [unknown, string]>([
  ["hunter2", "a string of 7 characters"],
  [5, "a number"],
  [null, "null"],
  [["hunter2"], "an array"],
  [{ value: "hunter2" }, "an object"],
])("redacts %j as %s", (value, expected) => {
  expect(formatValue(redactValue(value))).toBe(expected);
});
