import { expect, test } from "vitest";
import { requireNumber, requireOneOf } from "./validate.ts";

test.for([Number.NaN, Number.POSITIVE_INFINITY, 0, 11])("rejects %d as a number from 1 to 10", (value) => {
  expect(() => requireNumber("share", value, 1, 10)).toThrow(
    `Invalid share: expected a number from 1 to 10, got ${value}.`,
  );
});

test("rejects a value that is not allowed, and lists the allowed values", () => {
  expect(() => requireOneOf("with", "SIGSTOP", ["SIGKILL", "SIGTERM"])).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: 'Invalid with: expected one of "SIGKILL", "SIGTERM", got "SIGSTOP".',
    }),
  );
  expect(() => requireOneOf("with", "SIGTERM", ["SIGKILL", "SIGTERM"])).not.toThrow();
});
