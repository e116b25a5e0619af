import { performance } from "node:perf_hooks";
import * as timers from "node:timers";
import { runInNewContext } from "node:vm";

// Tests install fake timers for the code under test. The clocks and timers of this library must keep running: with fake timers
// a wait and its timeout would never end. Therefore this module exports the real functions, and no other file of this library
// uses a global clock or timer.

/** A fake function. The fake timers of Sinon, Vitest and Jest store the real functions in its property `clock`. */
interface FakeFunction {
  readonly clock?: Readonly<Record<string, unknown>>;
}

/** Returns the real function, also if this module was loaded after fake timers were installed. */
function realFunction<T extends object>(name: string, current: T): T {
  const original = (current as FakeFunction).clock?.[`_${name}`];
  return typeof original === "function" ? (original as T) : current;
}

/** Returns the real `Date.now`. If `Date` is fake, the function comes from a new realm, whose `Date` is real. */
function realDateNow(): () => number {
  const { now } = Date;
  return "clock" in Date ? (runInNewContext("Date.now") as typeof now) : now;
}

export const setTimeout: typeof timers.setTimeout = realFunction("setTimeout", timers.setTimeout);
export const clearTimeout: typeof timers.clearTimeout = realFunction("clearTimeout", timers.clearTimeout);
export const setInterval: typeof timers.setInterval = realFunction("setInterval", timers.setInterval);
export const clearInterval: typeof timers.clearInterval = realFunction("clearInterval", timers.clearInterval);

/**
 * Cancels a timer that other code has created with the global `setTimeout`. Call this in the same turn: the global
 * `clearTimeout` then belongs to the same clock, real or fake.
 */
export function cancelGlobalTimeout(timer: unknown): void {
  globalThis.clearTimeout(timer as NodeJS.Timeout);
}

/** Returns the milliseconds since the epoch, from the real `Date.now()`. */
export const wallClockMs: () => number = realDateNow();

/** Returns the milliseconds of a monotonic clock, from the real `performance.now()`. */
export const monotonicMs = (): number => performance.now();

/** Waits for `ms` milliseconds, or until the signal aborts. Never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const onAbort = (): void => resolve();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Waits until the pending I/O callbacks have run. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    realFunction("setImmediate", timers.setImmediate)(resolve);
  });
}
