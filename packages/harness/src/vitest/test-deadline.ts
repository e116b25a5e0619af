import { monotonicMs } from "../clock/real-time.ts";

/** The longest time that is reserved for the evidence and the cleanup of a failed start. */
const MAX_MARGIN_MS = 5_000;

/** The time that a test has for its cluster. */
export interface TestDeadline {
  /** The timeout of the test runner, in milliseconds; undefined if there is none. */
  readonly timeoutMs: number | undefined;
  /** Returns the milliseconds until the deadline, at least 1; undefined if there is no timeout. */
  remainingMs(): number | undefined;
}

/**
 * Starts the deadline of a test. It is earlier than the timeout of the test runner, by a quarter of the timeout and at most 5 s,
 * so that the library reports a failure before the runner ends the test.
 *
 * @param timeoutMs milliseconds from now on. Without a positive finite number there is no timeout.
 * @param now returns the current time in milliseconds.
 */
export function startTestDeadline(
  timeoutMs: number | undefined,
  now: () => number = monotonicMs,
): TestDeadline {
  if (timeoutMs === undefined || timeoutMs <= 0 || timeoutMs === Number.POSITIVE_INFINITY) {
    return { timeoutMs: undefined, remainingMs: () => undefined };
  }
  const end = now() + timeoutMs - Math.min(MAX_MARGIN_MS, timeoutMs / 4);
  // At least 1, because the calls of the library reject a timeout of 0.
  return { timeoutMs, remainingMs: () => Math.max(1, Math.round(end - now())) };
}
