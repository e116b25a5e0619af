import { poll } from "./poll.ts";

/**
 * Repeats a request until the node answers. A node that is silent for a moment, for example because its machine is
 * overloaded, then costs time but does not end the start. An error reply is an answer: it is thrown at once.
 *
 * @param ask has to be harmless if the node has already carried out an earlier request whose reply got lost.
 * @throws the error reply; or the last reason why there was no answer, when the signal is aborted.
 */
export async function insist<T>(ask: () => Promise<T>, everyMs: number, signal: AbortSignal): Promise<T> {
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
