import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { RedisClusterError, summarize } from "../errors.ts";
import { readClusterView } from "../queries/read-views.ts";
import { abortable } from "../timing/deadline.ts";
import { poll } from "../timing/retry.ts";
import { findDownReason } from "../view/cluster-state.ts";
import type { ClusterView, Disagreement } from "../view/cluster-view.ts";
import type { RestartConstraint } from "./fault-registry.ts";

const POLL_MS = 20;

/**
 * Starts a stopped node, or stops a running node gracefully and starts it again. Active network faults of the node are applied
 * again before its server starts. Resolves before the node has rejoined the cluster: see {@link waitUntilRejoined}.
 *
 * @param data whether the stored data of the node are kept or deleted.
 * @param constraints returns what the currently active faults mean for the node.
 * @throws RedisClusterError NODE_NOT_RUNNING if the container was removed.
 */
export async function startOrRestart(
  { plan, container }: ManagedNode,
  data: "kept" | "wiped",
  constraints: () => readonly RestartConstraint[],
  signal: AbortSignal,
): Promise<void> {
  const { status } = await abortable(container.state(), signal);
  if (status === "removed") {
    throw new RedisClusterError(
      "NODE_NOT_RUNNING",
      `${plan.name} cannot be restarted: its container was removed.`,
      { details: { node: plan.name, status } },
    );
  }
  if (status === "paused") await abortable(container.unpause(), signal);
  if (status !== "exited" && status !== "created") await abortable(container.kill("SIGTERM"), signal);
  if (data === "wiped") await abortable(container.setNextBoot("wipe"), signal);
  // If the caller stops waiting, the start continues: without its filters, traffic would pass that active faults drop.
  await abortable(startWithFaults(container, constraints), signal);
}

/**
 * Starts a container. If network faults must be applied again, the server starts only afterwards, so that no packet passes
 * before.
 */
async function startWithFaults(
  container: ManagedNode["container"],
  constraints: () => readonly RestartConstraint[],
): Promise<void> {
  const mustHold = constraints().some(({ reapply }) => reapply !== undefined);
  if (mustHold) await container.setNextBoot("hold");
  await container.start();
  if (!mustHold) return;
  try {
    // Read again, because a fault that was healed meanwhile must not be applied.
    await Promise.all(constraints().map(async ({ reapply }) => await reapply?.()));
  } finally {
    await container.continueBoot();
  }
}

/**
 * Waits until a node that was started has rejoined the cluster: it answers and has loaded its data; every node that answers has a
 * link to it and reports no failure; if it is a replica, it is in sync; it executes commands, unless the cluster is down for
 * another reason; and the whole cluster is healthy, unless other nodes do not answer. A sync is not waited for if the primary of
 * the replica has failed and cannot be replaced.
 *
 * With an active network fault of the node, the call waits only until the node answers. If the fault cuts the node off from this
 * program, it does not wait at all.
 *
 * @param constraints returns what the currently active faults mean for the node.
 * @param findFailedForGood returns the names of the primaries that have failed and cannot be replaced.
 */
export async function waitUntilRejoined(
  node: ManagedNode,
  cluster: ClusterNodes,
  constraints: () => readonly RestartConstraint[],
  findFailedForGood: (view: ClusterView) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<void> {
  cluster.addresses.set(node.plan, await abortable(node.container.publishedAddress(), signal));
  if (isUnreachableFromHost(constraints())) return;
  await node.connection.ready(signal);
  await poll(
    async () => {
      if (constraints().length > 0) {
        // The server rejects this command while it loads its data.
        await node.connection.text("CLUSTER", "INFO");
        return;
      }
      const view = await readClusterView(
        cluster.plan,
        cluster.nodes.map(({ connection }) => connection),
      );
      const findProblem = (failedForGood: readonly string[]): string | undefined =>
        findRejoinProblem(node, view, cluster.plan.requireFullCoverage === "yes", failedForGood);
      if (findProblem([]) === undefined) return;
      const problem = findProblem(await findFailedForGood(view));
      if (problem !== undefined) throw new Error(problem);
    },
    { everyMs: POLL_MS, signal },
  );
}

/** Returns whether this program cannot reach the node while its faults are active. */
export function isUnreachableFromHost(constraints: readonly RestartConstraint[]): boolean {
  return constraints.some(({ waitFor }) => waitFor === "nothing");
}

/**
 * Returns why a restarted node has not rejoined the cluster; undefined if it has. A slot in migration is not a problem, because the
 * user has started the migration.
 *
 * If other nodes do not answer, only problems of this node count, and the cluster may be down for good. So the state of the node
 * counts only if its own view contains no reason for it, as with a primary that refuses commands until its process is two seconds
 * old. For the same reason the sync of a replica does not count if its primary has failed for good.
 *
 * @param failedForGood the names of the primaries that have failed and cannot be replaced.
 */
export function findRejoinProblem(
  node: Pick<ManagedNode, "plan">,
  view: ClusterView,
  requireFullCoverage: boolean,
  failedForGood: readonly string[] = [],
): string | undefined {
  const { name, id } = node.plan;
  const own = view.views.find((nodeView) => nodeView.node === name);
  if (own?.kind !== "answered") return `${name} does not answer`;
  if (!view.members.some((member) => member.id === id)) return `no node knows ${name}`;
  const isOtherNodeSilent = view.views.some(({ kind }) => kind === "silent");
  const isDownForGood = findDownReason(own, requireFullCoverage) !== undefined;
  const primaryId = own.members.find(({ self }) => self)?.primaryId;
  const primary = view.members.find((member) => member.id === primaryId)?.name;
  const hasNoSource = primary !== undefined && failedForGood.includes(primary);
  const isPermanent = (kind: Disagreement["kind"]): boolean =>
    (kind === "state" && isDownForGood) || (kind === "replication" && hasNoSource);
  const problems = view.disagreements.filter(
    ({ kind, about }) =>
      kind !== "open-slot" && !(isOtherNodeSilent && (about !== name || isPermanent(kind))),
  );
  return problems.length === 0 ? undefined : summarize(problems.map(({ message }) => message));
}
