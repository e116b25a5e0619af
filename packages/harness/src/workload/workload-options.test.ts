import { expect, test } from "vitest";
import { InvalidOptionsError } from "../errors.ts";
import { WRITE_KINDS } from "./ledger.ts";
import { validateWorkload, type WorkloadOptions } from "./workload-options.ts";

test("every option has a default", () => {
  expect(validateWorkload({}, 3)).toEqual({
    writers: 8,
    ratePerSecond: undefined,
    keys: 256,
    keyPrefix: undefined,
    valueBytes: 32,
    wait: 0,
    waitTimeoutMs: 1000,
    reads: 0,
    kinds: WRITE_KINDS,
    commandTimeoutMs: 1000,
    seed: undefined,
  });
});

test("reads: true means a share of 0.2", () => {
  expect(validateWorkload({ reads: true }, 3).reads).toBe(0.2);
  expect(validateWorkload({ reads: false }, 3).reads).toBe(0);
  expect(validateWorkload({ reads: 0.5 }, 3).reads).toBe(0.5);
});

test("requires at least one key for each writer and each shard", () => {
  expect(validateWorkload({}, 300).keys).toBe(300);
  expect(() => validateWorkload({ keys: 7 }, 3)).toThrow("keys: expected an integer from 8 to 16384, got 7");
});

test("reports all invalid options in one error", () => {
  const invalid = {
    writers: 0,
    ratePerSecond: 0,
    keys: 1.5,
    keyPrefix: "a{b}",
    valueBytes: 0,
    wait: -1,
    waitTimeoutMs: 0,
    reads: 1,
    kinds: ["set", "set"],
    commandTimeoutMs: 1,
    seed: -1,
    wirters: 3,
  };
  let thrown: unknown;
  try {
    validateWorkload(invalid as WorkloadOptions, 3);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidOptionsError);
  const { problems } = thrown as InvalidOptionsError;
  expect(problems.map(({ option }) => option).toSorted()).toEqual(Object.keys(invalid).toSorted());
});

test.each([[null], [[]], ["fast"]])("rejects %j as options", (options) => {
  expect(() => validateWorkload(options as WorkloadOptions, 3)).toThrow(InvalidOptionsError);
});

test.each([[[]], [["set", "other"]], ["set"]])("rejects %j as kinds", (kinds) => {
  expect(() => validateWorkload({ kinds } as WorkloadOptions, 3)).toThrow("kinds: expected one or more of");
});
