import type { NodeConnection } from "../clients/node-connection.ts";
import { pause } from "../clock/real-time.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import { messageOf } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type ClusterView, mergeViews, type NodeNames } from "../view/cluster-view.ts";
import { type NodeView, parseNodeView, VIEW_COMMANDS } from "../view/node-view.ts";

function nodeNames(plan: ClusterPlan): NodeNames {
  return new Map(plan.nodes.map(({ id, name }) => [id, name]));
}

/** Reads the views of all nodes at the same time, and merges them. A node that does not answer is `silent`. */
export async function readClusterView(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
): Promise<ClusterView> {
  return mergeViews(await Promise.all(connections.map(readNodeView)), nodeNames(plan));
}

/**
 * Reads the views of all nodes of a handle, for a call that has a deadline.
 *
 * @throws RedisClusterError CLUSTER_STOPPED or TURN_OVER after the end of the handle.
 */
export async function readView({ calls, plan, nodes }: ClusterContext): Promise<ClusterView> {
  calls.throwIfEnded();
  return await readClusterView(
    plan,
    nodes.map(({ connection }) => connection),
  );
}

/**
 * Reads the views of all nodes at the same time. After the timeout, if most nodes have answered, does not wait for the others: a
 * paused node would delay the result until its connection times out. If no majority has answered, waits for all nodes.
 *
 * @param timeoutMs in milliseconds.
 * @returns one view for each connection, in their order. A node that has not answered is `silent`.
 */
export async function readPromptViews(
  connections: readonly NodeConnection[],
  timeoutMs: number,
): Promise<readonly NodeView[]> {
  const views = connections.map(
    ({ node }): NodeView => ({ kind: "silent", node: node.name, reason: `no answer within ${timeoutMs} ms` }),
  );
  const all = Promise.all(
    connections.map(async (connection, index) => {
      views[index] = await readNodeView(connection);
    }),
  );
  const answered = new AbortController();
  void all.then(() => answered.abort());
  await pause(timeoutMs, answered.signal);
  const missing = views.filter(({ kind }) => kind === "silent").length;
  if (2 * missing >= views.length) await all;
  return [...views];
}

/** Reads the view of one node, in one round trip. */
async function readNodeView(connection: NodeConnection): Promise<NodeView> {
  const node = connection.node.name;
  try {
    return parseNodeView(node, await connection.texts(VIEW_COMMANDS));
  } catch (error) {
    return { kind: "silent", node, reason: messageOf(error) };
  }
}
