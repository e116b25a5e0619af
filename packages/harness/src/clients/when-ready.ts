import type { EventEmitter } from "node:events";
import { messageOf, RedisClusterError, withMissing } from "../errors.ts";

/**
 * Resolves when an ioredis client is ready, however many attempts that takes; `once` of node:events would reject at
 * the first refused connection. Rejects when the signal is aborted, with its reason and the last error of the client; and
 * when the client has ended, because it will not try again.
 */
export async function whenReady(
  client: EventEmitter & { readonly status: string },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (client.status === "ready") return;
  let lastError: unknown;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onReady = (): void => resolve();
  const onError = (error: Error & { readonly lastNodeError?: unknown }): void => {
    // That no node was of use says less than what the last node said.
    lastError = withoutArguments(error.lastNodeError ?? error);
  };
  const onAbort = (): void => reject(withLastError(signal.reason, lastError));
  const onEnd = (): void => reject(closedError(lastError));
  client.once("ready", onReady);
  client.once("end", onEnd);
  client.on("error", onError);
  client.on("node error", onError);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (client.status === "end") onEnd();
    await promise;
  } finally {
    client.removeListener("ready", onReady);
    client.removeListener("end", onEnd);
    client.removeListener("error", onError);
    client.removeListener("node error", onError);
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * ioredis attaches the command to an error reply, so a printed error shows the command too. While a client connects, the
 * command is AUTH or HELLO, whose arguments contain the password. This keeps only the name of the command.
 */
function withoutArguments(error: unknown): unknown {
  const { command } = error as { readonly command?: { readonly name?: unknown } };
  return command === undefined
    ? error
    : Object.assign(error as object, { command: { name: command.name, args: [] } });
}

function closedError(lastError: unknown): RedisClusterError {
  const why = lastError === undefined ? "" : `: ${messageOf(lastError)}`;
  return new RedisClusterError("WAIT_ABORTED", `The client was closed before it was connected${why}`, {
    cause: lastError,
  });
}

/** Adds what was missing to the reason why time was up. */
function withLastError(reason: unknown, lastError: unknown): unknown {
  if (lastError === undefined || !(reason instanceof RedisClusterError)) return reason;
  return withMissing(reason, messageOf(lastError), lastError);
}
