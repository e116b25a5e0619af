import type { Redis } from "ioredis";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { AddressTable } from "./address-table.ts";

/**
 * Returns the index of the node at the other end of a connection, by the id that the node itself reports: the port alone
 * may have been another node's a moment ago. The address decides only if the node does not report an id of the plan,
 * because its user may not ask for it or a CLUSTER RESET HARD has changed it.
 *
 * @returns undefined if neither is known.
 */
export async function identifyNode(
  connection: Redis,
  plan: ClusterPlan,
  addresses: AddressTable,
): Promise<number | undefined> {
  const { host, port } = connection.options;
  const published = plan.nodes.find((node) => {
    const mapped = addresses.get(node);
    return mapped?.host === host && mapped?.port === port;
  });
  const id = await connection.cluster("MYID").catch(() => undefined);
  return (plan.nodes.find((node) => node.id === id) ?? published)?.index;
}
