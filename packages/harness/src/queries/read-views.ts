import type { ClusterContext } from "../cluster/cluster-context.ts";
import type { NodeConnection } from "../clients/node-connection.ts";
import { pause } from "../clock/real-time.ts";
import { messageOf } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type ClusterView, mergeViews, type NodeNames } from "../view/cluster-view.ts";
import { type NodeView, parseNodeView, VIEW_COMMANDS } from "../view/node-view.ts";

/** Node names by node id. */
function namesOf(plan: ClusterPlan): NodeNames {
  return new Map(plan.nodes.map(({ id, name }) => [id, name]));
}

/** Asks every node at once for its view, and puts the answers beside each other. A node that is away is `silent`. */
export async function readClusterView(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
): Promise<ClusterView> {
  return mergeViews(await Promise.all(connections.map(readNodeView)), namesOf(plan));
}

/**
 * Reads the views of all nodes of a handle, for a call that has a deadline.
 *
 * @throws RedisClusterError CLUSTER_STOPPED or TURN_OVER after the end of the handle.
 */
export async function readView({ calls, plan, nodes }: ClusterContext): Promise<ClusterView> {
  calls.refuseEnded();
  return await readClusterView(
    plan,
    nodes.map(({ connection }) => connection),
  );
}

/**
 * Asks every node at once for its view, and waits no longer than the given time for the rest once most of them have
 * answered: a frozen node would hold up the answer until its connection gives up.
 *
 * @returns one view for each connection, in their order; a node that has not answered by then is `silent`.
 */
export async function readPromptViews(
  connections: readonly NodeConnection[],
  withinMs: number,
): Promise<readonly NodeView[]> {
  const views = connections.map(
    ({ node }): NodeView => ({ kind: "silent", node: node.name, reason: `no answer within ${withinMs} ms` }),
  );
  const all = Promise.all(
    connections.map(async (connection, index) => {
      views[index] = await readNodeView(connection);
    }),
  );
  const answered = new AbortController();
  void all.then(() => answered.abort());
  await pause(withinMs, answered.signal);
  const missing = views.filter(({ kind }) => kind === "silent").length;
  if (2 * missing >= views.length) await all;
  return [...views];
}

/** Asks one node for its view, in one round trip. */
async function readNodeView(connection: NodeConnection): Promise<NodeView> {
  const node = connection.node.name;
  try {
    return parseNodeView(node, await connection.texts(VIEW_COMMANDS));
  } catch (error) {
    return { kind: "silent", node, reason: messageOf(error) };
  }
}
