import { messageOf, RedisClusterError, withMissing } from "../errors.ts";
import { type Report, show } from "../schema/option-problems.ts";
import { readOption } from "../schema/read-options.ts";
import { type Deadline, abortable, startDeadline } from "./deadline.ts";
import type { WaitOptions } from "./options.generated.ts";
import { WAIT_OPTIONS } from "./wait-options.ts";

export type { WaitOptions } from "./options.generated.ts";

/** The default timeout of a call, and the time scale of its cluster. */
export interface WaitDefaults {
  /** The timeout of a call whose options set none, in milliseconds before scaling. */
  readonly timeoutMs: number;
  /** The factor for all timeouts. It is greater than 1 on a slow machine. */
  readonly timeScale: number;
}

/**
 * Starts the deadline of a public call. Its timeout is the given or the default one, multiplied by the time scale. It also aborts
 * with the caller's signal.
 *
 * @param what the action of the call, with which the messages start.
 * @throws RedisClusterError INVALID_ARGUMENT if the timeout or the signal is invalid.
 */
export function startCallDeadline(
  what: string | (() => string),
  { timeoutMs, signal }: WaitOptions,
  defaults: WaitDefaults,
): Deadline {
  const describe = typeof what === "string" ? () => what : what;
  requireValid(
    "timeoutMs",
    timeoutMs,
    describe,
    ` Leave it out for the default of ${defaults.timeoutMs} ms.`,
  );
  requireValid("signal", signal, describe);
  return startDeadline({
    timeoutMs: timeoutMs ?? defaults.timeoutMs,
    timeScale: defaults.timeScale,
    signal,
    what: describe,
    timeoutCode: "WAIT_TIMEOUT",
    abortCode: "WAIT_ABORTED",
  });
}

function requireValid(name: keyof WaitOptions, value: unknown, describe: () => string, remedy = ""): void {
  const report: Report = (_, given, allowed) => {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `${describe()}: expected ${name} to be ${allowed}, got ${show(given)}.${remedy}`,
    );
  };
  readOption<unknown>(name, WAIT_OPTIONS[name], value, report);
}

/**
 * Runs an action within a deadline. When the deadline passes, rejects without waiting for the action any longer. If the signal is
 * already aborted, the action is not started.
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

/**
 * Returns the error to throw when a wait has failed. If the signal ended the wait, it is the reason of the signal with a
 * description of what was still missing. Otherwise it is the error itself.
 */
export function explainTimeout(
  signal: AbortSignal,
  error: unknown,
  words?: "Still" | "Still missing",
): unknown {
  const reason: unknown = signal.reason;
  if (!signal.aborted || !(reason instanceof RedisClusterError) || error === reason) return error;
  // The message of an error of the formation already contains the reason; its `missing` does not.
  const missing = error instanceof RedisClusterError ? error.details["missing"] : undefined;
  return withMissing(reason, typeof missing === "string" ? missing : messageOf(error), error, words);
}
