import { messageOf, RedisClusterError, withMissing } from "../errors.ts";
import { type Deadline, LONGEST_MS, abortable, startDeadline } from "./deadline.ts";

/** How long a call may take: all of it, from its first question to its last. */
export interface WaitOptions {
  /**
   * Milliseconds, above 0 and below 2^31; multiplied by the cluster's time scale. Default 10 000, or ten node
   * timeouts where that is longer. At the first fault of the network, looking for the helper's image has as long again,
   * and pulling it ten minutes.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the call as soon as it is aborted, with WAIT_ABORTED. */
  readonly signal?: AbortSignal | undefined;
}

/** What holds for a call that is not told how long it may wait. */
export interface WaitDefaults {
  readonly timeoutMs: number;
  /** By how much slower than others the machine is taken to be. */
  readonly timeScale: number;
}

/**
 * The deadline of a public call: the given time or the default one, times the time scale, joined with the caller's
 * signal.
 *
 * @throws RedisClusterError INVALID_ARGUMENT for a time limit that is none.
 */
export function startCallDeadline(
  what: string | (() => string),
  { timeoutMs, signal }: WaitOptions,
  defaults: WaitDefaults,
): Deadline {
  const tell = typeof what === "string" ? () => what : what;
  // A timer of more than 2³¹ − 1 ms fires at once.
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= LONGEST_MS)) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `${tell()}: expected timeoutMs to be a number of milliseconds above 0 and below 2^31, got ${timeoutMs}. ` +
        `Leave it out for the default of ${defaults.timeoutMs} ms.`,
    );
  }
  return startDeadline({
    timeoutMs: timeoutMs ?? defaults.timeoutMs,
    timeScale: defaults.timeScale,
    signal,
    what: tell,
    timeoutCode: "WAIT_TIMEOUT",
    abortCode: "WAIT_ABORTED",
  });
}

/**
 * Gives what the promise gives, or rejects when the deadline is over; what was asked for then goes on unheard. With a
 * signal that is already aborted nothing is asked for.
 */
export async function withinDeadline<T>(
  what: string,
  options: WaitOptions,
  defaults: WaitDefaults,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = startCallDeadline(what, options, defaults);
  deadline.signal.throwIfAborted();
  return await abortable(act(deadline.signal), deadline.signal);
}

/** What to throw where a signal ended a wait: its reason, and what was missing then. Any other error as it is. */
export function explainTimeout(
  signal: AbortSignal,
  error: unknown,
  words?: "Still" | "Still missing",
): unknown {
  const reason: unknown = signal.reason;
  if (!signal.aborted || !(reason instanceof RedisClusterError) || error === reason) return error;
  // What formation throws at such a moment tells the reason already.
  const told = error instanceof RedisClusterError ? error.details["missing"] : undefined;
  return withMissing(reason, typeof told === "string" ? told : messageOf(error), error, words);
}
