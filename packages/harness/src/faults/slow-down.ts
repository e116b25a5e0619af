import { type Access, accessOptions } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import { openNodeClient } from "../clients/node-client.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";

/** A node whose answers are delayed. */
export interface SlowedNode {
  /** Ends the pauses, and waits for the end of the last one. */
  heal(): Promise<void>;
  /** Closes the connection that pauses the node. The last pause ends by itself. */
  release(): void;
}

/**
 * Delays the answers of a node: sends `CLIENT PAUSE … ALL`, and sends it again as soon as the pause has ended. The server accepts
 * commands during a pause, and answers all of them at its end. Gossip and replication continue. This needs no debug command and
 * no processor time.
 *
 * @param delayMs the length of a pause, in milliseconds.
 * @throws RedisClusterError FAULT_FAILED if the server rejects the command.
 */
export async function slowDown(
  node: ManagedNode,
  addresses: AddressTable,
  access: Access,
  delayMs: number,
): Promise<SlowedNode> {
  const client = openNodeClient(node.plan, addresses, {
    ...accessOptions(access),
    maxRetriesPerRequest: 0,
  });
  const healing = new AbortController();
  // The fault is active as soon as the first pause is. Each later command waits for the end of the pause before it.
  try {
    await client.call("CLIENT", "PAUSE", delayMs, "ALL");
  } catch (cause) {
    client.disconnect();
    throw new RedisClusterError(
      "FAULT_FAILED",
      `${node.plan.name} could not be slowed down: ${messageOf(cause)}`,
      { cause, details: { node: node.plan.name } },
    );
  }
  const pausing = (async () => {
    while (!healing.signal.aborted) await client.call("CLIENT", "PAUSE", delayMs, "ALL");
    await client.call("CLIENT", "UNPAUSE");
  })();
  // If the server ends, its pause ends with it.
  pausing.catch(() => {});
  return {
    heal: async () => {
      healing.abort();
      await pausing.catch(() => {});
      client.disconnect();
    },
    release: () => client.disconnect(),
  };
}
