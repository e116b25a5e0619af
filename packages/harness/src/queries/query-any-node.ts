import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf, summarize } from "../errors.ts";
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
  const queryAll = async (): Promise<string> => {
    try {
      return await Promise.any(connections.map((connection) => connection.text(...command)));
    } catch (error) {
      const reasons = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
      throw new Error(`no node answers: ${summarize([...new Set(reasons)])}`, { cause: error });
    }
  };
  return await poll(queryAll, { everyMs: POLL_MS, signal });
}
