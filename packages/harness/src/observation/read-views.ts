import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type ClusterView, mergeViews, type Names, type NodeView } from "../view/cluster-view.ts";
import { nodeViewOf, VIEW_QUESTIONS } from "../view/node-view.ts";

/** Node names by node id. */
function namesOf(plan: ClusterPlan): Names {
  return new Map(plan.nodes.map(({ id, name }) => [id, name]));
}

/** Asks every node at once for its view, and puts the answers beside each other. A node that is away is `silent`. */
export async function readClusterView(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
): Promise<ClusterView> {
  return mergeViews(await Promise.all(connections.map(readNodeView)), namesOf(plan));
}

/** Asks one node for its view, in one round trip. */
async function readNodeView(connection: NodeConnection): Promise<NodeView> {
  const node = connection.node.name;
  try {
    return nodeViewOf(node, await connection.texts(VIEW_QUESTIONS));
  } catch (error) {
    return { kind: "silent", node, reason: messageOf(error) };
  }
}
