import { expect, test } from "vitest";
import type { InvalidOptionsError } from "../errors.ts";
import { type OptionsToValidate, validateOptions } from "./validate-options.ts";

function problemsOf(act: () => unknown): InvalidOptionsError["problems"] {
  try {
    act();
  } catch (error) {
    return (error as InvalidOptionsError).problems;
  }
  return [];
}

const scaleOf = (options: OptionsToValidate, environment: Record<string, string>): number =>
  validateOptions(options, environment).timeScale;

test("is 1 by default", () => {
  expect(scaleOf({}, {})).toBe(1);
  expect(scaleOf({}, { TRC_TIME_SCALE: "" })).toBe(1);
});

test("prefers the option to the environment variable", () => {
  expect(scaleOf({}, { TRC_TIME_SCALE: "2.5" })).toBe(2.5);
  expect(scaleOf({ timeScale: 3 }, { TRC_TIME_SCALE: "2.5" })).toBe(3);
});

test.for(["0.5", "measured", "fast", "-1", "101", "Infinity"])(
  "rejects TRC_TIME_SCALE=%s and names the variable",
  (value) => {
    expect(problemsOf(() => validateOptions({}, { TRC_TIME_SCALE: value }))).toEqual([
      {
        option: "environment variable TRC_TIME_SCALE",
        given: JSON.stringify(value),
        allowed: "a number from 1 to 100",
      },
    ]);
  },
);

test.for([0, 0.9, 101, Number.NaN, "2", "measured", null, {}])("rejects the option %s", (timeScale) => {
  const problems = problemsOf(() => validateOptions({ timeScale: timeScale as number }, {}));
  expect(problems.map(({ option }) => option)).toEqual(["timeScale"]);
});

test("multiplies only the node timeout and the timeout of the start", () => {
  const options = { nodeTimeoutMs: 500, startupTimeoutMs: 10_000 };
  const scaled = { timeScale: 2.5, nodeTimeoutMs: 1_250, startupTimeoutMs: 25_000 };
  const unscaled = validateOptions(options, {});
  expect(validateOptions({ ...options, timeScale: 2.5 }, {})).toEqual({ ...unscaled, ...scaled });
});
