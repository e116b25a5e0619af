import { getEventListeners, once } from "node:events";
import { expect, test } from "vitest";
import { monotonicMs } from "../clock/real-time.ts";
import { withinDeadline, startCallDeadline } from "./call-deadline.ts";

const DEFAULTS = { timeoutMs: 500, timeScale: 1 };
const SLOW = { timeoutMs: 500, timeScale: 3 };

test.for([0, -1, Number.NaN, 2 ** 31])("rejects a timeout of %s ms", (timeoutMs) => {
  expect(() => startCallDeadline("Waiting", { timeoutMs }, DEFAULTS)).toThrow(
    `Waiting: expected timeoutMs to be a number of milliseconds above 0 and below 2^31, got ${timeoutMs}. ` +
      "Leave it out for the default of 500 ms.",
  );
});

test("uses the default timeout, multiplied by the time scale", () => {
  using unscaled = startCallDeadline("Waiting", {}, DEFAULTS);
  using scaled = startCallDeadline("Waiting", {}, SLOW);
  expect(unscaled.timeoutMs).toBe(500);
  expect(scaled.timeoutMs).toBe(1_500);
});

test("multiplies a given timeout by the time scale, and the error shows both", async () => {
  const startedAt = monotonicMs();
  const { signal } = startCallDeadline("Waiting", { timeoutMs: 20 }, SLOW);
  await once(signal, "abort");
  // Node rounds the start time of a timer to whole milliseconds.
  expect(monotonicMs() - startedAt).toBeGreaterThanOrEqual(59);
  expect(signal.reason).toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Waiting: not done after 60 ms (20 ms at time scale 3).",
    details: { timeoutMs: 60 },
  });
});

test("limits the scaled timeout to the maximum delay of a timer", () => {
  using deadline = startCallDeadline("Waiting", { timeoutMs: 2 ** 31 - 1 }, SLOW);
  expect(deadline.timeoutMs).toBe(2 ** 31 - 1);
});

test("rejects when the timeout passes, without waiting for the action", async () => {
  const { signal } = new AbortController();
  const waiting = withinDeadline(
    "Waiting",
    { timeoutMs: 20, signal },
    DEFAULTS,
    () => new Promise<never>(() => {}),
  );
  await expect(waiting).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("does not start the action if the signal is already aborted", async () => {
  let calls = 0;
  const waiting = withinDeadline("Waiting", { signal: AbortSignal.abort("too late") }, DEFAULTS, async () => {
    calls += 1;
  });
  await expect(waiting).rejects.toMatchObject({ code: "WAIT_ABORTED", cause: "too late" });
  expect(calls).toBe(0);
});

test("returns the result of the action, and clears the deadline", async () => {
  const { signal } = new AbortController();
  const waiting = withinDeadline("Waiting", { timeoutMs: 60_000, signal }, DEFAULTS, () =>
    Promise.resolve("running"),
  );
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  expect(await waiting).toBe("running");
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("rejects options that are not options of a wait, and reports all problems", () => {
  const options = { timeout: 5, signal: new AbortController() };
  expect(() => startCallDeadline("Waiting", options as object, DEFAULTS)).toThrow(
    /^Waiting: expected timeout to be one of the options timeoutMs, signal.* expected signal to be an AbortSignal, got /,
  );
  expect(() => startCallDeadline("Waiting", null as never, DEFAULTS)).toThrow(
    "Waiting: expected the options to be an object, got null.",
  );
});
