import { RedisClusterError } from "../errors.ts";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";

/** A time limit joined with the caller's own signal. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Stops the clock without aborting. */
  clear(): void;
}

/** The longest time that a timer takes: 2^31 − 1 ms. */
export const LONGEST_MS: number = 2 ** 31 - 1;

/**
 * Starts a deadline. Its signal aborts after `timeoutMs` (times `timeScale`, where that is given) or with the given
 * signal, whichever comes first, and its
 * reason is a RedisClusterError that says which (`timeoutCode` or `abortCode`).
 */
export function startDeadline(options: {
  readonly timeoutMs: number;
  readonly timeScale?: number;
  readonly signal: AbortSignal | undefined;
  readonly what: () => string;
  readonly timeoutCode: "START_TIMEOUT" | "WAIT_TIMEOUT";
  readonly abortCode: "START_ABORTED" | "WAIT_ABORTED";
}): Deadline {
  const { timeScale = 1, signal, what, timeoutCode, abortCode } = options;
  const timeoutMs = Math.min(LONGEST_MS, Math.round(options.timeoutMs * timeScale));
  const scaled = timeScale === 1 ? "" : ` (${options.timeoutMs} ms at time scale ${timeScale})`;
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new RedisClusterError(timeoutCode, `${what()}: not done after ${timeoutMs} ms${scaled}.`, {
        details: { timeoutMs },
      }),
    );
  }, timeoutMs);
  const onAbort = (): void => {
    controller.abort(
      new RedisClusterError(abortCode, `${what()}: aborted by the caller's signal.`, {
        cause: signal?.reason,
      }),
    );
  };
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  const clear = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, timeoutMs, clear, [Symbol.dispose]: clear };
}

/** Rejects with the signal's reason as soon as it aborts; otherwise gives what the promise gives. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Whoever stops waiting hears no more of it, and a later rejection must not end the process.
  promise.catch(() => {});
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Settles as the promise does, but rejects after `timeoutMs`, or with the reason of the signal as soon as it aborts. */
export async function withTimeout<T>(
  promise: Promise<T>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new Error(`no answer for ${timeoutMs} ms`));
  }, timeoutMs);
  const onAbort = (): void => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await abortable(promise, controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
