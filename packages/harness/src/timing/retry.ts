import pRetry, { AbortError } from "p-retry";
import { pause } from "../clock/real-time.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { abortable } from "./deadline.ts";

/**
 * Asks again until the answer is yes. `ask` throws (or rejects with) the reason why it is not yet; that reason is
 * thrown when the signal ends the wait, so that a time-out tells what was missing instead of only that time ran out.
 * A RedisClusterError is an answer, and ends the wait. There is no limit of its own: the signal is the limit.
 */
export async function poll<T>(
  ask: () => T | Promise<T>,
  options: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<T> {
  let reason: unknown;
  try {
    return await pRetry(
      async () => {
        try {
          return await abortable(Promise.resolve(ask()), options.signal);
        } catch (error) {
          if (options.signal.aborted) throw error;
          if (error instanceof RedisClusterError) throw new AbortError(error);
          reason = error;
          // p-retry takes a TypeError for a mistake in the program; here every reason means "not yet".
          throw error instanceof NotYet ? error : new NotYet(error);
        }
      },
      {
        retries: Number.POSITIVE_INFINITY,
        // p-retry would wait by the global timers, which a test may have replaced: it waits for this instead.
        minTimeout: 0,
        onFailedAttempt: () => pause(options.everyMs, options.signal),
        signal: options.signal,
      },
    );
  } catch (error) {
    if (options.signal.aborted) throw reason ?? error;
    throw error;
  }
}

/**
 * Repeats a request until the node answers. A node that is silent for a moment, for example because its machine is
 * overloaded, then costs time but does not end the start. An error reply is an answer: it is thrown at once.
 *
 * @param ask has to be harmless if the node has already carried out an earlier request whose reply got lost.
 * @throws the error reply; or the last reason why there was no answer, when the signal is aborted.
 */
export async function retryUntilAnswered<T>(
  ask: () => Promise<T>,
  everyMs: number,
  signal: AbortSignal,
): Promise<T> {
  const outcome = await poll(
    async () => {
      try {
        return { reply: await ask() };
      } catch (error) {
        if (isErrorReply(error)) return { error };
        throw error;
      }
    },
    { everyMs, signal },
  );
  if ("error" in outcome) throw outcome.error;
  return outcome.reply;
}

/** Whether a server sent this error, in contrast to a connection that failed. */
export function isErrorReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** Why the answer is still no. */
export class NotYet extends Error {
  override readonly name = "NotYet";
  constructor(reason: unknown) {
    super(messageOf(reason), { cause: reason });
  }
}
