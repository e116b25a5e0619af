import type { NodeConnection } from "../clients/node-connection.ts";
import { pause, wallClockMs } from "../clock/real-time.ts";
import { messageOf } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { readClusterView } from "../queries/read-views.ts";
import { withTimeout } from "../timing/deadline.ts";
import type { NodeView } from "../view/node-view.ts";

const POLL_MS = 20;
/** In a large cluster nodes are polled less often, because each reply has a line for every node. */
const POLL_MS_PER_NODE = 3;
/**
 * Time without an answer after which a node counts as silent. A stopped node rejects at once, but a paused node does not answer.
 */
const SILENT_AFTER_MS = 250;
/** Maximum time to wait for a late answer. The connection has a shorter timeout of its own. */
const LATE_ANSWER_TIMEOUT_MS = 60_000;

/** Is called with the view of one node, or the fact that it is silent, when it arrived, and when it was requested. */
export type OnView = (view: NodeView, atMs: number, requestedMs: number) => void;

/**
 * Polls the views of all nodes until the signal aborts. Each node is polled independently. A node that does not answer is polled
 * again only after its last request has ended, and does not delay the other nodes.
 */
export async function watchViews(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  onView: OnView,
  signal: AbortSignal,
): Promise<void> {
  const intervalMs = Math.max(POLL_MS, POLL_MS_PER_NODE * connections.length);
  const silentAfterMs = SILENT_AFTER_MS * plan.timeScale;
  await Promise.all(
    connections.map(async (connection) => {
      while (!signal.aborted) {
        const requestedMs = wallClockMs();
        const answer = readNodeView(plan, connection);
        try {
          onView(await withTimeout(answer, silentAfterMs, signal), wallClockMs(), requestedMs);
        } catch (error) {
          if (signal.aborted) return;
          onView(silentView(connection, messageOf(error)), wallClockMs(), requestedMs);
          const timeoutMs = LATE_ANSWER_TIMEOUT_MS * plan.timeScale;
          const late = await withTimeout(answer, timeoutMs, signal).catch(() => undefined);
          if (late?.kind === "answered") onView(late, wallClockMs(), requestedMs);
        }
        await pause(Math.max(1, requestedMs + intervalMs - wallClockMs()), signal);
      }
    }),
  );
}

/** Reads the current views of all nodes, by node name. */
export async function readAllViews(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NodeView>> {
  const views = await Promise.all(
    connections.map(async (connection): Promise<NodeView> => {
      try {
        return await withTimeout(readNodeView(plan, connection), timeoutMs, signal);
      } catch (error) {
        signal.throwIfAborted();
        return silentView(connection, messageOf(error));
      }
    }),
  );
  return new Map(views.map((view) => [view.node, view]));
}

async function readNodeView(plan: ClusterPlan, connection: NodeConnection): Promise<NodeView> {
  const [view] = (await readClusterView(plan, [connection])).views;
  return view ?? silentView(connection, "it was not queried");
}

function silentView({ node }: NodeConnection, reason: string): NodeView {
  return { kind: "silent", node: node.name, reason };
}
