import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { tryOptionSets } from "./option-sets.ts";
import { runSchedules } from "./schedules.ts";

// A small part of `./dev reliability`. Each run uses a new random seed, and a failure prints the seed.

const SCHEDULES = 1;
const OPTION_SETS = 10;

test("a reset restores the cluster after random faults in random order", { timeout: 180_000 }, async () => {
  const outcomes = await runSchedules({ count: SCHEDULES, seed: randomInt(2 ** 31), shrink: false });
  expect(outcomes.length).toBeGreaterThanOrEqual(SCHEDULES);
  expect(await leftovers()).toEqual([]);
});

test("random options are rejected before the start, or work", { timeout: 180_000 }, async () => {
  const { refused } = await tryOptionSets({ count: OPTION_SETS, seed: randomInt(2 ** 31) });
  expect(refused).toBeGreaterThan(0);
});
