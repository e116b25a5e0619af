import { type Access, accessOptions } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import { openNodeClient } from "../clients/node-client.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";

/** A node that answers late. */
export interface SlowedNode {
  heal(): Promise<void>;
  /** Closes the connection by which it is slowed down; the last pause ends by itself. */
  release(): void;
}

/**
 * Makes a node answer late: `CLIENT PAUSE … ALL`, again as soon as it is over. The server takes what arrives, and
 * answers all of it when the pause ends; gossip and replication go on. No debug command and no processor time.
 *
 * @throws RedisClusterError FAULT_FAILED
 */
export async function slowDown(
  member: ManagedNode,
  addresses: AddressTable,
  access: Access,
  delayMs: number,
): Promise<SlowedNode> {
  const client = openNodeClient(member.plan, addresses, {
    ...accessOptions(access),
    maxRetriesPerRequest: 0,
  });
  const healing = new AbortController();
  // The first pause has to be in force before the fault is; what comes after waits for it like any other command.
  try {
    await client.call("CLIENT", "PAUSE", delayMs, "ALL");
  } catch (cause) {
    client.disconnect();
    throw new RedisClusterError(
      "FAULT_FAILED",
      `${member.plan.name} could not be slowed down: ${messageOf(cause)}`,
      { cause, details: { node: member.plan.name } },
    );
  }
  const pausing = (async () => {
    while (!healing.signal.aborted) await client.call("CLIENT", "PAUSE", delayMs, "ALL");
    await client.call("CLIENT", "UNPAUSE");
  })();
  // A node that dies has no pause any more.
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
