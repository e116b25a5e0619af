import type { EventEmitter } from "node:events";

/**
 * Resolves when an ioredis client is ready, however many attempts that takes; `once` of node:events would reject at
 * the first refused connection. Rejects with the signal's reason.
 */
export async function whenReady(
  client: EventEmitter & { readonly status: string },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (client.status === "ready") return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onReady = (): void => resolve();
  const onAbort = (): void => reject(signal.reason);
  client.once("ready", onReady);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    client.removeListener("ready", onReady);
    signal.removeEventListener("abort", onAbort);
  }
}
