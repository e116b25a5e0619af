import { expect, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import { toJsonValue } from "./json-value.ts";
import { redactor } from "./redact.ts";

const redact = redactor(["hunter2"]);

test("redacts secrets at any depth, also in names of fields", () => {
  const value = { list: [{ text: "it is hunter2" }], hunter2: 1, map: new Map([["a", "hunter2"]]) };
  expect(toJsonValue(value, redact)).toEqual({ list: [{ text: "it is ***" }], "***": 1, map: { a: "***" } });
});

test("redacts a field with the name of a secret, whatever its type is", () => {
  const value = {
    password: "not in the list",
    passwd: Buffer.from("7"),
    requirepass: 123,
    masterauth: undefined,
  };
  expect(toJsonValue(value, redact)).toEqual({
    password: "***",
    passwd: "***",
    requirepass: "***",
    masterauth: null,
  });
});

test("keeps the code, details and causes of an error", () => {
  const cause = new AggregateError([new Error("first hunter2"), "second"], "several");
  const error = new RedisClusterError("WAIT_TIMEOUT", "not done: hunter2", {
    cause,
    details: { timeoutMs: 5 },
  });
  expect(toJsonValue(error, redact)).toMatchObject({
    name: "RedisClusterError",
    code: "WAIT_TIMEOUT",
    message: "not done: ***",
    stack: expect.stringContaining("not done: ***"),
    details: { timeoutMs: 5 },
    cause: { message: "several", errors: [{ message: "first ***" }, "second"] },
  });
});

test("converts values that JSON cannot represent to text, also circular ones", () => {
  const circle: Record<string, unknown> = { big: 3n, none: undefined, endless: Number.POSITIVE_INFINITY };
  circle["self"] = circle;
  circle["same"] = [circle["none"]];
  expect(toJsonValue(circle, redact)).toEqual({
    big: "3",
    none: null,
    endless: "Infinity",
    self: "[circular]",
    same: [null],
  });
});

test("cuts off values that are nested too deeply", () => {
  let deep: unknown = "bottom";
  for (let depth = 0; depth < 1_000; depth += 1) deep = [deep];
  expect(JSON.stringify(toJsonValue(deep, redact))).toContain("[too deep]");
});
