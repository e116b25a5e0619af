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

test("without anything said, time is as it is", () => {
  expect(scaleOf({}, {})).toBe(1);
  expect(scaleOf({}, { TRC_TIME_SCALE: "" })).toBe(1);
});

test("the option goes before the environment", () => {
  expect(scaleOf({}, { TRC_TIME_SCALE: "2.5" })).toBe(2.5);
  expect(scaleOf({ timeScale: 3 }, { TRC_TIME_SCALE: "2.5" })).toBe(3);
});

test.for(["0.5", "measured", "fast", "-1", "101", "Infinity"])(
  "TRC_TIME_SCALE=%s is refused, by its own name",
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

test.for([0, 0.9, 101, Number.NaN, "2", "measured", null, {}])("the option %s is refused", (timeScale) => {
  const problems = problemsOf(() => validateOptions({ timeScale: timeScale as number }, {}));
  expect(problems.map(({ option }) => option)).toEqual(["timeScale"]);
});

test("node timeout and start are stretched together, and nothing else is", () => {
  const options = { nodeTimeoutMs: 500, startupTimeoutMs: 10_000 };
  const stretched = { timeScale: 2.5, nodeTimeoutMs: 1_250, startupTimeoutMs: 25_000 };
  const usual = validateOptions(options, {});
  expect(validateOptions({ ...options, timeScale: 2.5 }, {})).toEqual({ ...usual, ...stretched });
});
