import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { tryOptionSets } from "./option-sets.ts";
import { runSchedules } from "./schedules.ts";

// A part of what `./dev reliability` runs for long. New chance each time: a failure prints its seed.

const SCHEDULES = 1;
const OPTION_SETS = 20;

test("after any faults in any order, a reset gives the cluster as it was", { timeout: 180_000 }, async () => {
  const outcomes = await runSchedules({ count: SCHEDULES, seed: randomInt(2 ** 31), shrink: false });
  expect(outcomes.length).toBeGreaterThanOrEqual(SCHEDULES);
  expect(await leftovers()).toEqual([]);
});

test("any options are refused before anything is made, or work", { timeout: 180_000 }, async () => {
  const { refused } = await tryOptionSets({ count: OPTION_SETS, seed: randomInt(2 ** 31) });
  expect(refused).toBeGreaterThan(0);
});
