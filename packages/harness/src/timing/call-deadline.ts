import { messageOf, RedisClusterError, withMissing } from "../errors.ts";
import { isObject } from "../schema/option.ts";
import { listProblems } from "../schema/option-problems.ts";
import { readOption, reportUnknownOptions } from "../schema/read-options.ts";
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
 * @throws RedisClusterError INVALID_ARGUMENT if the options are invalid.
 */
export function startCallDeadline(
  what: string | (() => string),
  options: WaitOptions,
  defaults: WaitDefaults,
): Deadline {
  const describe = typeof what === "string" ? () => what : what;
  const { timeoutMs = defaults.timeoutMs, signal } = requireWaitOptions(describe, options, defaults);
  return startDeadline({
    timeoutMs,
    timeScale: defaults.timeScale,
    signal,
    what: describe,
    timeoutCode: "WAIT_TIMEOUT",
    abortCode: "WAIT_ABORTED",
  });
}

/**
 * Returns the options of a wait.
 *
 * @param what the action of the call, with which the message starts.
 * @throws RedisClusterError INVALID_ARGUMENT with everything that is wrong: a value, or a name that is not an option of a wait.
 */
export function requireWaitOptions(
  what: () => string,
  options: WaitOptions,
  defaults: Pick<WaitDefaults, "timeoutMs">,
): WaitOptions {
  const { problems, report } = listProblems();
  if (!isObject(options)) report("the options", options, "an object");
  else {
    reportUnknownOptions(WAIT_OPTIONS, options, report);
    const remedies = {
      timeoutMs: `Leave it out for the default of ${defaults.timeoutMs} ms.`,
      signal: undefined,
    };
    for (const name of ["timeoutMs", "signal"] as const) {
      readOption<unknown>(name, { ...WAIT_OPTIONS[name], remedy: remedies[name] }, options[name], report);
    }
  }
  const { timeoutMs, signal } = options ?? {};
  if (problems.length === 0) return { timeoutMs, signal };
  const sentences = problems.map(
    ({ option, allowed, given, remedy }) =>
      `expected ${option} to be ${allowed}, got ${given}.${remedy === undefined ? "" : ` ${remedy}`}`,
  );
  throw new RedisClusterError("INVALID_ARGUMENT", `${what()}: ${sentences.join(" ")}`, {
    details: { problems },
  });
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
