import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runVerdicts } from "./verdicts.ts";

// A small part of `./dev reliability --only verdicts`. Each run uses a new random seed, and a failure prints the seed.

const FAULTS = 10;
const CLEAN = 3;

test("verdicts report every seeded fault and no other findings", { timeout: 180_000 }, async () => {
  const seed = randomInt(2 ** 31);
  const { scenarios } = await runVerdicts({ faults: FAULTS, clean: CLEAN, seed });
  expect({ seed, wrong: scenarios.filter(({ wrong }) => wrong.length > 0) }).toEqual({ seed, wrong: [] });
  expect(scenarios).toHaveLength(FAULTS + CLEAN);
  expect(await leftovers()).toEqual([]);
});
