import { afterEach, expect, test, vi } from "vitest";
import { startDeadline } from "../timing/deadline.ts";
import { poll } from "../timing/retry.ts";
import * as clock from "./real-time.ts";

// Nothing in here advances a fake clock: what waits for one never ends, and fails by the test's time limit.

/** 2001-09-09, far from any time at which this test runs. */
const FAKE_NOW_MS = 1_000_000_000_000;

afterEach(() => {
  vi.useRealTimers();
  vi.resetModules();
});

/** Everything that Vitest can replace. In a child process Vitest refuses to replace `process.nextTick`. */
function fakeEverything(): void {
  vi.useFakeTimers({
    now: FAKE_NOW_MS,
    // The functions of `node:timers` as well, in modules that imported them before, too.
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

test.each(MODULES)("pause waits in real time when the module was %s", async (_, load) => {
  fakeEverything();
  const { monotonicMs, pause } = await load();
  const begun = monotonicMs();
  await pause(20);
  // Node rounds a timer's begin to whole milliseconds.
  expect(monotonicMs() - begun).toBeGreaterThanOrEqual(19);
  expect(vi.getTimerCount()).toBe(0);
});

test.each(MODULES)("pause ends at its signal when the module was %s", async (_, load) => {
  fakeEverything();
  const { pause, setTimeout } = await load();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 5);
  await pause(60_000, controller.signal);
  await pause(60_000, controller.signal);
});

test.each(MODULES)("both clocks show real time when the module was %s", async (_, load) => {
  fakeEverything();
  const { monotonicMs, pause, wallClockMs } = await load();
  const [wall, monotonic] = [wallClockMs(), monotonicMs()];
  // The wall clock of a machine may be set meanwhile; that it is not the fake one is enough.
  expect(wall).toBeGreaterThan(FAKE_NOW_MS + 1_000_000_000);
  await pause(5);
  expect(monotonicMs()).toBeGreaterThan(monotonic);
});

test.each(MODULES)("intervals and turns go on when the module was %s", async (_, load) => {
  fakeEverything();
  const { clearInterval, clearTimeout, nextTurn, setInterval, setTimeout } = await load();
  await nextTurn();
  await new Promise<void>((resolve) => {
    let beats = 0;
    const cleared = setTimeout(() => expect.unreachable("a cleared timer fired"), 1);
    clearTimeout(cleared);
    const timer = setInterval(() => {
      beats += 1;
      if (beats < 3) return;
      clearInterval(timer);
      resolve();
    }, 2);
  });
  expect(vi.getTimerCount()).toBe(0);
});

test("poll and its deadline go on when fake timers are installed", async () => {
  fakeEverything();
  using deadline = startDeadline({
    timeoutMs: 40,
    signal: undefined,
    what: () => "Waiting for node-1",
    timeoutCode: "WAIT_TIMEOUT",
    abortCode: "WAIT_ABORTED",
  });
  let asked = 0;
  const waiting = poll(
    () => {
      asked += 1;
      throw new Error("not yet");
    },
    { everyMs: 1, signal: deadline.signal },
  );
  await expect(waiting).rejects.toThrow("not yet");
  expect(deadline.signal.reason).toMatchObject({ code: "WAIT_TIMEOUT" });
  expect(asked).toBeGreaterThan(1);
  expect(await poll(() => "yes", { everyMs: 1, signal: new AbortController().signal })).toBe("yes");
});

test("poll goes on when all modules were loaded after fake timers were installed", async () => {
  fakeEverything();
  vi.resetModules();
  const late = await import("../timing/retry.ts");
  let asked = 0;
  const answer = await late.poll(
    () => {
      asked += 1;
      if (asked < 4) throw new Error("not yet");
      return asked;
    },
    { everyMs: 2, signal: new AbortController().signal },
  );
  expect(answer).toBe(4);
});
