import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { inTime, waitDeadline } from "./wait.ts";

const DEFAULTS = { timeoutMs: 500, timeScale: 1 };
const SLOW = { timeoutMs: 500, timeScale: 3 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.for([0, -1, Number.NaN, 2 ** 31])("a time limit of %s ms is refused", (timeoutMs) => {
  expect(() => waitDeadline("Waiting", { timeoutMs }, DEFAULTS)).toThrow(
    `Waiting: timeoutMs is ${timeoutMs}; a number of milliseconds above 0 and below 2^31 was expected.`,
  );
});

test("without a limit the default one holds, on a slow machine so many times it", () => {
  using usual = waitDeadline("Waiting", {}, DEFAULTS);
  using slow = waitDeadline("Waiting", {}, SLOW);
  expect(usual.timeoutMs).toBe(500);
  expect(slow.timeoutMs).toBe(1_500);
});

test("a given limit is stretched as well, and the error says so", () => {
  const { signal } = waitDeadline("Waiting", { timeoutMs: 200 }, SLOW);
  vi.advanceTimersByTime(599);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.reason).toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Waiting: not done after 600 ms (200 ms at time scale 3).",
    details: { timeoutMs: 600 },
  });
});

test("no time scale makes a limit that a timer does not take", () => {
  using deadline = waitDeadline("Waiting", { timeoutMs: 2 ** 31 - 1 }, SLOW);
  expect(deadline.timeoutMs).toBe(2 ** 31 - 1);
});

test("what is not done in time is left to itself", async () => {
  const waiting = inTime("Asking", {}, DEFAULTS, () => new Promise<never>(() => {}));
  await Promise.all([
    expect(waiting).rejects.toMatchObject({ code: "WAIT_TIMEOUT" }),
    vi.advanceTimersByTimeAsync(500),
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what is done in time is given, and no timer stays", async () => {
  expect(await inTime("Asking", {}, DEFAULTS, () => Promise.resolve("running"))).toBe("running");
  expect(vi.getTimerCount()).toBe(0);
});
