import { afterEach, expect, test, vi } from "vitest";
import { startDeadline } from "../timing/deadline.ts";
import { poll } from "../timing/retry.ts";
import * as clock from "./real-time.ts";

// No test in this file advances the fake clock. Code that waits for the fake clock never ends, and fails the test by its timeout.

/** 2001-09-09, which differs from every date on which this test can run. */
const FAKE_NOW_MS = 1_000_000_000_000;

afterEach(() => {
  vi.useRealTimers();
  vi.resetModules();
});

/** Replaces everything that Vitest can replace. In a child process Vitest does not replace `process.nextTick`. */
function installFakeTimers(): void {
  vi.useFakeTimers({
    now: FAKE_NOW_MS,
    // Replaces the functions of `node:timers`, also in modules that have imported them already.
    fakeNodeBuiltins: true,
    toFake: [
      ...(["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate"] as const),
      ...(["clearImmediate", "Date", "performance", "hrtime", "queueMicrotask"] as const),
      ...(process.send === undefined ? (["nextTick"] as const) : []),
    ],
  });
  expect(Date.now()).toBe(FAKE_NOW_MS);
  expect(performance.now()).toBe(performance.now());
}

async function loadAgain(): Promise<typeof clock> {
  vi.resetModules();
  return await import("./real-time.ts");
}

const MODULES = [
  ["loaded before fake timers were installed", () => Promise.resolve(clock)],
  ["loaded after fake timers were installed", loadAgain],
] as const;

test.each(MODULES)("pause waits in real time if the module was %s", async (_, load) => {
  installFakeTimers();
  const { monotonicMs, pause } = await load();
  const startedAt = monotonicMs();
  await pause(20);
  // Node rounds the start time of a timer to whole milliseconds.
  expect(monotonicMs() - startedAt).toBeGreaterThanOrEqual(19);
  expect(vi.getTimerCount()).toBe(0);
});

test.each(MODULES)("pause ends when its signal aborts if the module was %s", async (_, load) => {
  installFakeTimers();
  const { pause, setTimeout } = await load();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 5);
  await pause(60_000, controller.signal);
  await pause(60_000, controller.signal);
});

test.each(MODULES)("both clocks return real time if the module was %s", async (_, load) => {
  installFakeTimers();
  const { monotonicMs, pause, wallClockMs } = await load();
  const [wall, monotonic] = [wallClockMs(), monotonicMs()];
  // Only checks that the clock is not the fake one, because the clock of the machine may be adjusted during the test.
  expect(wall).toBeGreaterThan(FAKE_NOW_MS + 1_000_000_000);
  await pause(5);
  expect(monotonicMs()).toBeGreaterThan(monotonic);
});

test.each(MODULES)("intervals and turns use real time if the module was %s", async (_, load) => {
  installFakeTimers();
  const { clearInterval, clearTimeout, nextTurn, setInterval, setTimeout } = await load();
  await nextTurn();
  await new Promise<void>((resolve) => {
    let ticks = 0;
    const cleared = setTimeout(() => expect.unreachable("a cleared timer fired"), 1);
    clearTimeout(cleared);
    const timer = setInterval(() => {
      ticks += 1;
      if (ticks < 3) return;
      clearInterval(timer);
      resolve();
    }, 2);
  });
  expect(vi.getTimerCount()).toBe(0);
});

test("poll and its deadline use real time if fake timers are installed", async () => {
  installFakeTimers();
  using deadline = startDeadline({
    timeoutMs: 40,
    signal: undefined,
    what: () => "Waiting for node-1",
    timeoutCode: "WAIT_TIMEOUT",
    abortCode: "WAIT_ABORTED",
  });
  let attempts = 0;
  const waiting = poll(
    () => {
      attempts += 1;
      throw new Error("not yet");
    },
    { everyMs: 1, signal: deadline.signal },
  );
  await expect(waiting).rejects.toThrow("not yet");
  expect(deadline.signal.reason).toMatchObject({ code: "WAIT_TIMEOUT" });
  expect(attempts).toBeGreaterThan(1);
  expect(await poll(() => "yes", { everyMs: 1, signal: new AbortController().signal })).toBe("yes");
});

test("poll uses real time if all modules were loaded after fake timers", async () => {
  installFakeTimers();
  vi.resetModules();
  const late = await import("../timing/retry.ts");
  let attempts = 0;
  const result = await late.poll(
    () => {
      attempts += 1;
      if (attempts < 4) throw new Error("not yet");
      return attempts;
    },
    { everyMs: 2, signal: new AbortController().signal },
  );
  expect(result).toBe(4);
});
