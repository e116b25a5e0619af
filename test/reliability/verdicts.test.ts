import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runVerdicts } from "./verdicts.ts";

// A part of what `./dev reliability --only verdicts` runs. New chance each time: a failure prints its seed.

const FAULTS = 10;
const CLEAN = 3;

test("reports each seeded fault, and nothing else", { timeout: 180_000 }, async () => {
  const seed = randomInt(2 ** 31);
  const { scenarios } = await runVerdicts({ faults: FAULTS, clean: CLEAN, seed });
  expect({ seed, wrong: scenarios.filter(({ wrong }) => wrong.length > 0) }).toEqual({ seed, wrong: [] });
  expect(scenarios).toHaveLength(FAULTS + CLEAN);
  expect(await leftovers()).toEqual([]);
});
