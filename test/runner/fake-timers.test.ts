import { expect, test } from "vitest";
import { leftoversOfSuite, runVitest, statuses } from "../support/run-vitest.ts";

// The timeout exceeds the sum of the timeouts in the suite, so that a test that hangs there is reported.
test("faults, waits, observations and resets work while fake timers are installed", {
  timeout: 180_000,
}, async () => {
  const run = await runVitest("fake-timers");
  expect(Object.values(statuses(run)), run.output).toEqual(["passed", "passed", "passed"]);
  expect(run.exitCode).toBe(0);
  expect(await leftoversOfSuite("fake-timers")).toEqual([]);
});
