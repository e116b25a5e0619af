import { getEventListeners, once } from "node:events";
import { expect, test } from "vitest";
import { monotonicMs, pause } from "../clock/real-time.ts";
import { RedisClusterError } from "../errors.ts";
import { type Deadline, abortable, startDeadline } from "./deadline.ts";

/** Longer than any test of this file takes. */
const LONG_MS = 60_000;

function start(
  timeoutMs: number,
  signal?: AbortSignal,
  what: () => string = () => "Waiting for node-1",
): Deadline {
  return startDeadline({ timeoutMs, signal, what, timeoutCode: "WAIT_TIMEOUT", abortCode: "WAIT_ABORTED" });
}

async function waitForAbort(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

/** Returns the number of timers of this process that have not fired. */
function timerCount(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

test("a deadline aborts when its timeout passes, and its error names the action", async () => {
  const startedAt = monotonicMs();
  const { signal, timeoutMs } = start(30);
  expect(timeoutMs).toBe(30);
  expect(signal.aborted).toBe(false);
  await waitForAbort(signal);
  // Node rounds the start time of a timer to whole milliseconds.
  expect(monotonicMs() - startedAt).toBeGreaterThanOrEqual(29);
  expect(signal.reason).toBeInstanceOf(RedisClusterError);
  expect(signal.reason).toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Waiting for node-1: not done after 30 ms.",
    details: { timeoutMs: 30 },
  });
});

test("the error describes the action as it is when the timeout passes", async () => {
  let phase = "network";
  const { signal } = start(5, undefined, () => `Starting (phase: ${phase})`);
  phase = "formation";
  await waitForAbort(signal);
  expect(signal.reason).toMatchObject({ message: "Starting (phase: formation): not done after 5 ms." });
});

test("a deadline aborts with the caller's signal, whose reason becomes the cause", () => {
  const controller = new AbortController();
  using waiting = start(LONG_MS, controller.signal);
  const { signal } = waiting;
  expect(signal.aborted).toBe(false);
  const reason = new Error("the user closed the window");
  controller.abort(reason);
  expect(signal.reason).toBeInstanceOf(RedisClusterError);
  expect(signal.reason).toMatchObject({
    code: "WAIT_ABORTED",
    message: "Waiting for node-1: aborted by the caller's signal.",
    cause: reason,
  });
});

test("a deadline is aborted from the start if the caller's signal is aborted", () => {
  using waiting = start(LONG_MS, AbortSignal.abort("too late"));
  expect(waiting.signal.reason).toMatchObject({ code: "WAIT_ABORTED", cause: "too late" });
});

test("the first reason for an abort remains", async () => {
  const controller = new AbortController();
  const { signal } = start(5, controller.signal);
  await waitForAbort(signal);
  controller.abort();
  expect(signal.reason).toMatchObject({ code: "WAIT_TIMEOUT" });
});

test("the error has the code from the options", async () => {
  const { signal } = startDeadline({
    timeoutMs: 5,
    signal: undefined,
    what: () => "Starting",
    timeoutCode: "START_TIMEOUT",
    abortCode: "START_ABORTED",
  });
  await waitForAbort(signal);
  expect(signal.reason).toMatchObject({ code: "START_TIMEOUT" });
});

test("a cleared deadline never aborts, and has no timer and no listener", async () => {
  const controller = new AbortController();
  const otherTimers = timerCount();
  const waiting = start(10, controller.signal);
  expect(timerCount()).toBe(otherTimers + 1);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  waiting.clear();
  expect(timerCount()).toBe(otherTimers);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  controller.abort();
  await pause(30);
  expect(waiting.signal.aborted).toBe(false);
});

test("using clears a deadline at the end of the block, aborted or not", () => {
  const controller = new AbortController();
  const otherTimers = timerCount();
  {
    using waiting = start(LONG_MS, controller.signal);
    using late = start(LONG_MS, AbortSignal.abort());
    expect([waiting.signal.aborted, late.signal.aborted]).toEqual([false, true]);
    expect(timerCount()).toBe(otherTimers + 2);
  }
  expect(timerCount()).toBe(otherTimers);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("abortable settles as the promise does if the signal does not abort", async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve("done"), signal)).toBe("done");
  await expect(abortable(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("abortable rejects with the reason of the signal as soon as it aborts", async () => {
  const controller = new AbortController();
  const waiting = abortable(new Promise<never>(() => {}), controller.signal);
  controller.abort(new Error("out of time"));
  await expect(waiting).rejects.toThrow("out of time");
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("abortable rejects with an aborted signal, even if the promise is resolved", async () => {
  await expect(abortable(Promise.resolve("done"), AbortSignal.abort(new Error("gone")))).rejects.toThrow(
    "gone",
  );
});

test.each([
  ["during the wait", false],
  ["before the wait", true],
])("a promise that rejects after an abort %s does not end the process", async (_, isAbortedBefore) => {
  const { promise, reject } = Promise.withResolvers<never>();
  const controller = new AbortController();
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on("unhandledRejection", listen);
  try {
    if (isAbortedBefore) controller.abort(new Error("gone"));
    const waiting = abortable(promise, controller.signal);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    reject(new Error("too late"));
    // Node reports unhandled rejections after the microtasks have run.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", listen);
  }
});
