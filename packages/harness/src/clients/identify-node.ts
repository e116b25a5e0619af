import type { Redis } from "ioredis";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { AddressTable } from "./address-table.ts";

/**
 * Returns the index in the plan of the node to which a connection leads. The id that the node itself reports identifies the node,
 * because its port may have belonged to another node shortly before. The address identifies the node only if the reported id is
 * not in the plan, after a CLUSTER RESET HARD, or if the user of the connection lacks the permission to read the id.
 *
 * @returns undefined if neither the id nor the address belongs to a node of the plan.
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
