import { RedisClusterError } from "../errors.ts";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";

/** A timeout combined with the signal of the caller. */
export interface Deadline extends Disposable {
  /** Aborts when the timeout passes or the signal of the caller aborts. */
  readonly signal: AbortSignal;
  /** The timeout in milliseconds, after scaling. */
  readonly timeoutMs: number;
  /** Stops the timer. The signal does not abort any more. */
  clear(): void;
}

/** The maximum delay of a timer, in milliseconds. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

/**
 * Starts a deadline. Its signal aborts when `timeoutMs` multiplied by `timeScale` has passed, or when the given signal aborts.
 * The reason is a RedisClusterError with `timeoutCode` or `abortCode`.
 *
 * @param options.timeScale the factor for the timeout. Default: 1.
 * @param options.what returns the action with which the message starts. It is called when the deadline aborts.
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
  const timeoutMs = Math.min(MAX_TIMEOUT_MS, Math.round(options.timeoutMs * timeScale));
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

/** Settles as the promise does, but rejects with the reason of the signal as soon as it aborts. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // After an abort the promise has no handler. If it rejects later, that must not end the process.
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
