import { getEventListeners, once } from "node:events";
import { expect, test } from "vitest";
import { monotonicMs } from "../clock/real-time.ts";
import { withinDeadline, startCallDeadline } from "./call-deadline.ts";

const DEFAULTS = { timeoutMs: 500, timeScale: 1 };
const SLOW = { timeoutMs: 500, timeScale: 3 };

test.for([0, -1, Number.NaN, 2 ** 31])("a time limit of %s ms is refused", (timeoutMs) => {
  expect(() => startCallDeadline("Waiting", { timeoutMs }, DEFAULTS)).toThrow(
    `Waiting: expected timeoutMs to be a number of milliseconds above 0 and below 2^31, got ${timeoutMs}. ` +
      "Leave it out for the default of 500 ms.",
  );
});

test("without a limit the default one holds, on a slow machine so many times it", () => {
  using usual = startCallDeadline("Waiting", {}, DEFAULTS);
  using slow = startCallDeadline("Waiting", {}, SLOW);
  expect(usual.timeoutMs).toBe(500);
  expect(slow.timeoutMs).toBe(1_500);
});

test("a given limit is stretched as well, and the error says so", async () => {
  const begun = monotonicMs();
  const { signal } = startCallDeadline("Waiting", { timeoutMs: 20 }, SLOW);
  await once(signal, "abort");
  // Node rounds a timer's begin to whole milliseconds.
  expect(monotonicMs() - begun).toBeGreaterThanOrEqual(59);
  expect(signal.reason).toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Waiting: not done after 60 ms (20 ms at time scale 3).",
    details: { timeoutMs: 60 },
  });
});

test("no time scale makes a limit that a timer does not take", () => {
  using deadline = startCallDeadline("Waiting", { timeoutMs: 2 ** 31 - 1 }, SLOW);
  expect(deadline.timeoutMs).toBe(2 ** 31 - 1);
});

test("what is not done in time is left to itself", async () => {
  const { signal } = new AbortController();
  const waiting = withinDeadline(
    "Asking",
    { timeoutMs: 20, signal },
    DEFAULTS,
    () => new Promise<never>(() => {}),
  );
  await expect(waiting).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("nothing is asked for when the signal is already aborted", async () => {
  let asked = 0;
  const asking = withinDeadline("Asking", { signal: AbortSignal.abort("too late") }, DEFAULTS, async () => {
    asked += 1;
  });
  await expect(asking).rejects.toMatchObject({ code: "WAIT_ABORTED", cause: "too late" });
  expect(asked).toBe(0);
});

test("what is done in time is given, and its deadline is cleared", async () => {
  const { signal } = new AbortController();
  const asking = withinDeadline("Asking", { timeoutMs: 60_000, signal }, DEFAULTS, () =>
    Promise.resolve("running"),
  );
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  expect(await asking).toBe("running");
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
