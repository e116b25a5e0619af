import { expect, test } from "vitest";
import { leftoversOfSuite, runVitest, statuses } from "../support/run-vitest.ts";

/** The number of tests in the suite. A longer run: `TRC_BREAKAGES=200 ./dev test --project runner breakages`. */
const COUNT = Number(process.env["TRC_BREAKAGES"] ?? 15);

test(`${COUNT} tests that break different things do not affect each other`, {
  timeout: 60_000 + COUNT * 6_000,
}, async () => {
  const run = await runVitest("breakages", ["--testTimeout=60000"], { TRC_BREAKAGES: String(COUNT) });
  const outcomes = Object.values(statuses(run));
  expect(outcomes, run.output).toEqual(Array.from({ length: COUNT }, () => "passed"));
  expect(run.exitCode).toBe(0);
  expect(await leftoversOfSuite("breakages")).toEqual([]);
});
