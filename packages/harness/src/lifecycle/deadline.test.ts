import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RedisClusterError } from "../errors.ts";
import { type Deadline, orAborted, startDeadline } from "./deadline.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function deadline(signal?: AbortSignal, what: () => string = () => "Waiting for node-1"): Deadline {
  return startDeadline({
    timeoutMs: 500,
    signal,
    what,
    timeoutCode: "WAIT_TIMEOUT",
    abortCode: "WAIT_ABORTED",
  });
}

test("a deadline aborts when its time is over, and says what was not done", () => {
  const { signal, timeoutMs } = deadline();
  expect(timeoutMs).toBe(500);
  vi.advanceTimersByTime(499);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.reason).toBeInstanceOf(RedisClusterError);
  expect(signal.reason).toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Waiting for node-1: not done after 500 ms.",
    details: { timeoutMs: 500 },
  });
});

test("what is told is how far things were at the end, not at the beginning", () => {
  let phase = "network";
  const { signal } = deadline(undefined, () => `Starting (phase: ${phase})`);
  phase = "formation";
  vi.advanceTimersByTime(500);
  expect(signal.reason).toMatchObject({ message: "Starting (phase: formation): not done after 500 ms." });
});

test("the caller's signal ends the wait at once, and its reason is the cause", () => {
  const controller = new AbortController();
  const { signal } = deadline(controller.signal);
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

test("a signal that was aborted before ends the wait before it begins", () => {
  using waiting = deadline(AbortSignal.abort("too late"));
  expect(waiting.signal.reason).toMatchObject({ code: "WAIT_ABORTED", cause: "too late" });
});

test("what came first stays the reason", () => {
  const controller = new AbortController();
  const { signal } = deadline(controller.signal);
  vi.advanceTimersByTime(500);
  controller.abort();
  expect(signal.reason).toMatchObject({ code: "WAIT_TIMEOUT" });
});

test("a start has codes of its own", () => {
  const { signal } = startDeadline({
    timeoutMs: 5,
    signal: undefined,
    what: () => "Starting",
    timeoutCode: "START_TIMEOUT",
    abortCode: "START_ABORTED",
  });
  vi.advanceTimersByTime(5);
  expect(signal.reason).toMatchObject({ code: "START_TIMEOUT" });
});

test("a cleared deadline never aborts and leaves neither timer nor listener", () => {
  const controller = new AbortController();
  const waiting = deadline(controller.signal);
  expect(vi.getTimerCount()).toBe(1);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  waiting.clear();
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  controller.abort();
  vi.advanceTimersByTime(1000);
  expect(waiting.signal.aborted).toBe(false);
});

test("a deadline is cleared at the end of its block, whether it was aborted or not", () => {
  const controller = new AbortController();
  {
    using waiting = deadline(controller.signal);
    using late = deadline(AbortSignal.abort());
    expect([waiting.signal.aborted, late.signal.aborted]).toEqual([false, true]);
  }
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("what is done in time is given, and what failed in time has failed", async () => {
  const { signal } = new AbortController();
  expect(await orAborted(Promise.resolve("done"), signal)).toBe("done");
  await expect(orAborted(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("whoever waits hears the signal's reason as soon as it aborts", async () => {
  const controller = new AbortController();
  const waiting = orAborted(new Promise<never>(() => {}), controller.signal);
  controller.abort(new Error("out of time"));
  await expect(waiting).rejects.toThrow("out of time");
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("a signal that is aborted already wins against what is done already", async () => {
  await expect(orAborted(Promise.resolve("done"), AbortSignal.abort(new Error("gone")))).rejects.toThrow(
    "gone",
  );
});

test.each([
  ["while it was waited for", false],
  ["before it was waited for", true],
])("what fails after the wait was aborted %s does not end the process", async (_, before) => {
  const { promise, reject } = Promise.withResolvers<never>();
  const controller = new AbortController();
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on("unhandledRejection", listen);
  try {
    if (before) controller.abort(new Error("gone"));
    const waiting = orAborted(promise, controller.signal);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    reject(new Error("nobody listens any more"));
    // Rejections that nobody handles are reported once the microtasks have run.
    vi.useRealTimers();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", listen);
  }
});
