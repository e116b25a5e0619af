import { getEventListeners, once } from "node:events";
import { expect, test } from "vitest";
import { monotonicMs, pause } from "../clock/real-time.ts";
import { RedisClusterError } from "../errors.ts";
import { type Deadline, abortable, startDeadline } from "./deadline.ts";

/** Long enough that no machine reaches the end of it while a test does what does not wait. */
const LONG_MS = 60_000;

function deadline(
  timeoutMs: number,
  signal?: AbortSignal,
  what: () => string = () => "Waiting for node-1",
): Deadline {
  return startDeadline({ timeoutMs, signal, what, timeoutCode: "WAIT_TIMEOUT", abortCode: "WAIT_ABORTED" });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

/** The timers of this process that have not fired. */
function timerCount(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

test("a deadline aborts when its time is over, and says what was not done", async () => {
  const begun = monotonicMs();
  const { signal, timeoutMs } = deadline(30);
  expect(timeoutMs).toBe(30);
  expect(signal.aborted).toBe(false);
  await aborted(signal);
  // Node rounds a timer's begin to whole milliseconds.
  expect(monotonicMs() - begun).toBeGreaterThanOrEqual(29);
  expect(signal.reason).toBeInstanceOf(RedisClusterError);
  expect(signal.reason).toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Waiting for node-1: not done after 30 ms.",
    details: { timeoutMs: 30 },
  });
});

test("what is told is how far things were at the end, not at the beginning", async () => {
  let phase = "network";
  const { signal } = deadline(5, undefined, () => `Starting (phase: ${phase})`);
  phase = "formation";
  await aborted(signal);
  expect(signal.reason).toMatchObject({ message: "Starting (phase: formation): not done after 5 ms." });
});

test("the caller's signal ends the wait at once, and its reason is the cause", () => {
  const controller = new AbortController();
  using waiting = deadline(LONG_MS, controller.signal);
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

test("a signal that was aborted before ends the wait before it begins", () => {
  using waiting = deadline(LONG_MS, AbortSignal.abort("too late"));
  expect(waiting.signal.reason).toMatchObject({ code: "WAIT_ABORTED", cause: "too late" });
});

test("what came first stays the reason", async () => {
  const controller = new AbortController();
  const { signal } = deadline(5, controller.signal);
  await aborted(signal);
  controller.abort();
  expect(signal.reason).toMatchObject({ code: "WAIT_TIMEOUT" });
});

test("a start has codes of its own", async () => {
  const { signal } = startDeadline({
    timeoutMs: 5,
    signal: undefined,
    what: () => "Starting",
    timeoutCode: "START_TIMEOUT",
    abortCode: "START_ABORTED",
  });
  await aborted(signal);
  expect(signal.reason).toMatchObject({ code: "START_TIMEOUT" });
});

test("a cleared deadline never aborts and leaves neither timer nor listener", async () => {
  const controller = new AbortController();
  const others = timerCount();
  const waiting = deadline(10, controller.signal);
  expect(timerCount()).toBe(others + 1);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  waiting.clear();
  expect(timerCount()).toBe(others);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  controller.abort();
  await pause(30);
  expect(waiting.signal.aborted).toBe(false);
});

test("a deadline is cleared at the end of its block, whether it was aborted or not", () => {
  const controller = new AbortController();
  const others = timerCount();
  {
    using waiting = deadline(LONG_MS, controller.signal);
    using late = deadline(LONG_MS, AbortSignal.abort());
    expect([waiting.signal.aborted, late.signal.aborted]).toEqual([false, true]);
    expect(timerCount()).toBe(others + 2);
  }
  expect(timerCount()).toBe(others);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("what is done in time is given, and what failed in time has failed", async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve("done"), signal)).toBe("done");
  await expect(abortable(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("whoever waits hears the signal's reason as soon as it aborts", async () => {
  const controller = new AbortController();
  const waiting = abortable(new Promise<never>(() => {}), controller.signal);
  controller.abort(new Error("out of time"));
  await expect(waiting).rejects.toThrow("out of time");
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("a signal that is aborted already wins against what is done already", async () => {
  await expect(abortable(Promise.resolve("done"), AbortSignal.abort(new Error("gone")))).rejects.toThrow(
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
    const waiting = abortable(promise, controller.signal);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    reject(new Error("nobody listens any more"));
    // Rejections that nobody handles are reported once the microtasks have run.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", listen);
  }
});
