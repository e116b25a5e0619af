import { performance } from "node:perf_hooks";
import * as timers from "node:timers";
import { runInNewContext } from "node:vm";

// Tests install fake timers for the code under test. The clocks and timers of this library must go on, or a wait would
// never end, and neither would its time limit. So everything here is the real thing, and no other file of this library
// uses a global clock or timer.

/** A function that fake timers have put in place of another one. Sinon's, Vitest's and Jest's all say where it is. */
interface Faked {
  readonly clock?: Readonly<Record<string, unknown>>;
}

/** Returns the real function, also when this module was loaded after fake timers were installed. */
function realOf<T extends object>(name: string, found: T): T {
  const original = (found as Faked).clock?.[`_${name}`];
  return typeof original === "function" ? (original as T) : found;
}

/** A new realm has a `Date` that nobody has replaced. */
function realDateNow(): () => number {
  const { now } = Date;
  return "clock" in Date ? (runInNewContext("Date.now") as typeof now) : now;
}

export const setTimeout: typeof timers.setTimeout = realOf("setTimeout", timers.setTimeout);
export const clearTimeout: typeof timers.clearTimeout = realOf("clearTimeout", timers.clearTimeout);
export const setInterval: typeof timers.setInterval = realOf("setInterval", timers.setInterval);
export const clearInterval: typeof timers.clearInterval = realOf("clearInterval", timers.clearInterval);

/**
 * Cancels a timer that other code has created with the global `setTimeout`. Call this in the same turn: the global
 * `clearTimeout` then belongs to the same clock, real or fake.
 */
export function cancelGlobalTimeout(timer: unknown): void {
  globalThis.clearTimeout(timer as NodeJS.Timeout);
}

/** Milliseconds since the epoch, as the real `Date.now()` returns them. */
export const wallClockMs: () => number = realDateNow();

/** Milliseconds of a clock that only goes forward, as the real `performance.now()` returns them. */
export const monotonicMs = (): number => performance.now();

/** Resolves after the given number of milliseconds, or as soon as the signal aborts. */
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

/** Resolves after pending I/O callbacks have run. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    realOf("setImmediate", timers.setImmediate)(resolve);
  });
}
