import pRetry, { AbortError } from "p-retry";
import { pause } from "../clock/real-time.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { abortable } from "./deadline.ts";

/**
 * Calls a function again and again until it succeeds, and returns its result. Has no timeout of its own: use the signal.
 *
 * @param attempt throws or rejects while the condition is not met. The error must explain what is missing.
 * @param options.everyMs the pause between two attempts, in milliseconds.
 * @throws RedisClusterError at once, if `attempt` throws one.
 * @throws the last error of `attempt` when the signal aborts, because it explains what was missing; the reason of the signal if
 * no attempt has failed.
 */
export async function poll<T>(
  attempt: () => T | Promise<T>,
  options: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<T> {
  let lastError: unknown;
  try {
    return await pRetry(
      async () => {
        try {
          return await abortable(Promise.resolve(attempt()), options.signal);
        } catch (error) {
          if (options.signal.aborted) throw error;
          if (error instanceof RedisClusterError) throw new AbortError(error);
          lastError = error;
          // p-retry does not retry after a TypeError or a value that is not an error; `poll` does.
          throw error instanceof AttemptError ? error : new AttemptError(error);
        }
      },
      {
        retries: Number.POSITIVE_INFINITY,
        // p-retry waits with global timers, which a test may have replaced by fake ones. So this function waits instead.
        minTimeout: 0,
        onFailedAttempt: () => pause(options.everyMs, options.signal),
        signal: options.signal,
      },
    );
  } catch (error) {
    if (options.signal.aborted) throw lastError ?? error;
    throw error;
  }
}

/**
 * Calls a function again if it fails with an error that may be temporary, a limited number of times.
 *
 * @param options.attempts the maximum number of calls.
 * @param options.everyMs the pause between two calls, in milliseconds.
 * @param options.isTemporary whether another call may succeed after an error.
 * @param options.signal ends the pause between two calls. @default the pause is not ended
 * @throws the error of the last call; the reason of the signal.
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  options: {
    readonly attempts: number;
    readonly everyMs: number;
    readonly isTemporary: (error: unknown) => boolean;
    readonly signal?: AbortSignal;
  },
): Promise<T> {
  let lastError: unknown;
  try {
    return await pRetry(
      async () => {
        try {
          return await attempt();
        } catch (error) {
          lastError = error;
          // p-retry does not retry after a TypeError or a value that is not an error.
          throw new AttemptError(error);
        }
      },
      {
        retries: options.attempts - 1,
        minTimeout: 0,
        shouldRetry: async () => {
          if (!options.isTemporary(lastError)) return false;
          await pause(options.everyMs, options.signal);
          options.signal?.throwIfAborted();
          return true;
        },
      },
    );
  } catch (error) {
    throw error instanceof AttemptError ? lastError : error;
  }
}

/**
 * Repeats a request until the node answers. A node may be unresponsive for a moment, for example because its machine is
 * overloaded; that must not make a start fail. An error reply is an answer, and is thrown at once.
 *
 * @param send sends the request. It must be idempotent, because the reply to an earlier request may have been lost.
 * @param everyMs the pause between two requests, in milliseconds.
 * @throws the error reply of the node.
 * @throws the error of the last request without an answer, when the signal aborts.
 */
export async function retryUntilAnswered<T>(
  send: () => Promise<T>,
  everyMs: number,
  signal: AbortSignal,
): Promise<T> {
  const outcome = await poll(
    async () => {
      try {
        return { reply: await send() };
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

/** Returns true if a server sent this error as its reply. Errors of connections are not error replies. */
export function isErrorReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** The error of a failed attempt of {@link poll}. */
export class AttemptError extends Error {
  override readonly name = "AttemptError";
  constructor(reason: unknown) {
    super(messageOf(reason), { cause: reason });
  }
}
