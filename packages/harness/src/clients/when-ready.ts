import type { EventEmitter } from "node:events";
import { messageOf, RedisClusterError, withMissing } from "../errors.ts";

/**
 * Resolves when an ioredis client is ready, after any number of attempts. (`once` of node:events would reject after the first
 * refused connection.)
 *
 * @throws the reason of the signal, with the last error of the client, if the signal is aborted.
 * @throws RedisClusterError WAIT_ABORTED if the client has ended, because it does not try to connect again.
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
    // The error of the last node is more specific than the error of the cluster client.
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
 * Removes the arguments of the command that ioredis attaches to an error reply. While a client connects, the command is AUTH or
 * HELLO, whose arguments contain the password, and a printed error would show them.
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

/** Adds the last error of the client to the reason of the signal. */
function withLastError(reason: unknown, lastError: unknown): unknown {
  if (lastError === undefined || !(reason instanceof RedisClusterError)) return reason;
  return withMissing(reason, messageOf(lastError), lastError);
}
