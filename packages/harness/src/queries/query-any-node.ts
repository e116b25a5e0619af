import type { NodeConnection } from "../clients/node-connection.ts";
import { poll } from "../timing/retry.ts";

const POLL_MS = 20;

/** Sends a command to every node until one of them answers, and returns the first answer. */
export async function queryAnyNode(
  connections: readonly NodeConnection[],
  command: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string> {
  return await poll(() => Promise.any(connections.map((connection) => connection.text(...command))), {
    everyMs: POLL_MS,
    signal,
  });
}
