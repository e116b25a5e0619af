import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import { readClusterView } from "../queries/read-views.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "../view/node-view.ts";
import { withTimeout } from "../timing/deadline.ts";
import { pause, wallClockMs } from "../clock/real-time.ts";

const POLL_MS = 20;
/** In a large cluster every answer has a line for every node: there nodes are asked less often. */
const POLL_MS_PER_NODE = 3;
/** A node that is dead refuses at once, and one that is frozen says nothing: after so long it counts as silent. */
const SILENT_AFTER_MS = 250;
/** The connection has a limit of its own, which ends an answer that is late before. */
const LATE_MS = 60_000;

/** What one node answered, or that it did not; when that arrived, and when it was asked for. */
export type OnView = (view: NodeView, atMs: number, askedMs: number) => void;

/**
 * Asks every node for its view again and again until the signal aborts. Each goes at its own pace: a node that does
 * not answer is asked again only when its last question is over, and holds nobody up.
 */
export async function watchViews(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  onView: OnView,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = Math.max(POLL_MS, POLL_MS_PER_NODE * connections.length);
  const silentAfterMs = SILENT_AFTER_MS * plan.timeScale;
  await Promise.all(
    connections.map(async (connection) => {
      while (!signal.aborted) {
        const begun = wallClockMs();
        const answer = askOne(plan, connection);
        try {
          onView(await withTimeout(answer, silentAfterMs, signal), wallClockMs(), begun);
        } catch (error) {
          if (signal.aborted) return;
          const reason = messageOf(error);
          onView({ kind: "silent", node: connection.node.name, reason }, wallClockMs(), begun);
          const late = await withTimeout(answer, LATE_MS * plan.timeScale, signal).catch(() => undefined);
          if (late?.kind === "answered") onView(late, wallClockMs(), begun);
        }
        await pause(Math.max(1, begun + everyMs - wallClockMs()), signal);
      }
    }),
  );
}

/** Every node's view at this moment, by its name. */
export async function readViews(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  limitMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NodeView>> {
  const views = await Promise.all(
    connections.map(async (connection): Promise<NodeView> => {
      try {
        return await withTimeout(askOne(plan, connection), limitMs, signal);
      } catch (error) {
        signal.throwIfAborted();
        return { kind: "silent", node: connection.node.name, reason: messageOf(error) };
      }
    }),
  );
  return new Map(views.map((view) => [view.node, view]));
}

async function askOne(plan: ClusterPlan, connection: NodeConnection): Promise<NodeView> {
  const [view] = (await readClusterView(plan, [connection])).views;
  return view ?? { kind: "silent", node: connection.node.name, reason: "it was not asked" };
}
