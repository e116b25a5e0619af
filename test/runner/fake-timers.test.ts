import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runVitest, statuses } from "../support/run-vitest.ts";

// Longer than the tests of the suite may take together: one that hangs has to end and to be reported.
test("with fake timers installed faults, waits, observations and resets go on", {
  timeout: 180_000,
}, async () => {
  const run = await runVitest("fake-timers");
  expect(Object.values(statuses(run)), run.output).toEqual(["passed", "passed", "passed"]);
  expect(run.exitCode).toBe(0);
  expect(await leftovers()).toEqual([]);
});
