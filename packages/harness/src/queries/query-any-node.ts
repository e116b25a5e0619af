import type { NodeConnection } from "../clients/node-connection.ts";
import { poll } from "../timing/retry.ts";

const POLL_MS = 20;

/**
 * Sends a command to all nodes, every 20 ms, until a node answers. Returns the first answer as text.
 *
 * @param signal its abort rejects the call.
 */
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
