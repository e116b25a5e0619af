import { RedisClusterError, summarize } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { poll } from "../timing/retry.ts";
import { readClusterView } from "../queries/read-views.ts";
import { findDownReason } from "../view/cluster-state.ts";
import type { ClusterView, Disagreement } from "../view/cluster-view.ts";
import type { RestartConstraint } from "./fault-registry.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";

const POLL_MS = 20;

/**
 * Starts a stopped node, or stops a running one gracefully and starts it again. Active network faults of the node are applied
 * again before its server starts. The node has not rejoined the cluster by then: see {@link rejoin}.
 *
 * @param constraints what the faults that are active at that moment mean for the node.
 */
export async function startAgain(
  member: ManagedNode,
  data: "kept" | "wiped",
  constraints: () => readonly RestartConstraint[],
  signal: AbortSignal,
): Promise<void> {
  const { status } = await abortable(member.container.state(), signal);
  if (status === "removed") {
    throw new RedisClusterError(
      "NODE_NOT_RUNNING",
      `${member.plan.name} cannot be restarted: its container was removed.`,
      { details: { node: member.plan.name, status } },
    );
  }
  if (status === "paused") await abortable(member.container.unpause(), signal);
  if (status !== "exited") await abortable(member.container.kill("SIGTERM"), signal);
  if (data === "wiped") await abortable(member.container.setNextBoot("wipe"), signal);
  // If the caller stops waiting, it goes on: without these filters, traffic would pass that active faults drop.
  await abortable(start(member, constraints), signal);
}

/**
 * Starts the container; where faults are to be put in force again its server waits for that, as nothing is to get
 * through before.
 */
async function start(
  { container }: ManagedNode,
  constraints: () => readonly RestartConstraint[],
): Promise<void> {
  const held = constraints().some(({ renew }) => renew !== undefined);
  if (held) await container.setNextBoot("hold");
  await container.start();
  if (!held) return;
  try {
    // Read again: a fault that was healed meanwhile must not come back.
    await Promise.all(constraints().map(async ({ renew }) => await renew?.()));
  } finally {
    await container.continueBoot();
  }
}

/**
 * Waits until a node that was started has rejoined the cluster: it answers, has loaded its data, every node that answers has
 * a link to it and flags nothing, as a replica it is in sync, it executes commands unless the cluster is down for another
 * reason, and unless other nodes are away the cluster is whole again. A replica whose primary has failed in a cluster that
 * cannot replace it is back without a sync. With an active network fault of the node the call waits only until the node
 * answers, and not even for that if the fault cuts the node off from this program.
 *
 * @param constraints what the faults that are active at that moment mean for the node.
 * @param failedForGood finds the names of the primaries that have failed and cannot be replaced.
 */
export async function rejoin(
  member: ManagedNode,
  cluster: ClusterNodes,
  constraints: () => readonly RestartConstraint[],
  failedForGood: (view: ClusterView) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<void> {
  cluster.addresses.set(member.plan, await abortable(member.container.mappedAddress(), signal));
  if (isUnreachableFromHost(constraints())) return;
  await member.connection.ready(signal);
  await poll(
    async () => {
      if (constraints().length > 0) {
        // Refused while it loads its data.
        await member.connection.text("CLUSTER", "INFO");
        return;
      }
      const view = await readClusterView(
        cluster.plan,
        cluster.nodes.map(({ connection }) => connection),
      );
      const why = (failed: readonly string[]): string | undefined =>
        findRejoinProblem(member, view, cluster.plan.requireFullCoverage === "yes", failed);
      if (why([]) === undefined) return;
      const problem = why(await failedForGood(view));
      if (problem !== undefined) throw new Error(problem);
    },
    { everyMs: POLL_MS, signal },
  );
}

/** Whether this program cannot hear the node either. */
export function isUnreachableFromHost(constraints: readonly RestartConstraint[]): boolean {
  return constraints.some(({ waitFor }) => waitFor === "nothing");
}

/**
 * A slot in migration is the user's own doing and keeps nobody away. If other nodes are away at the same time, only what
 * concerns this node counts. The cluster as a whole may then be down for good: the node's state is waited for only if
 * its own view has no reason for it, as with a primary that refuses commands until its process is two seconds old. For
 * the same reason a replica's sync is not waited for if its primary has failed for good.
 *
 * @param failedForGood names of the primaries that have failed and cannot be replaced.
 */
export function findRejoinProblem(
  member: Pick<ManagedNode, "plan">,
  view: ClusterView,
  requireFullCoverage: boolean,
  failedForGood: readonly string[] = [],
): string | undefined {
  const { name, id } = member.plan;
  const own = view.views.find(({ node }) => node === name);
  if (own?.kind !== "answered") return `${name} does not answer`;
  if (!view.members.some((each) => each.id === id)) return `nobody knows ${name}`;
  const othersAreAway = view.views.some(({ kind }) => kind === "silent");
  const downForGood = findDownReason(own, requireFullCoverage) !== undefined;
  const primaryId = own.members.find(({ self }) => self)?.primaryId;
  const primary = view.members.find((each) => each.id === primaryId)?.name;
  const hasNoSource = primary !== undefined && failedForGood.includes(primary);
  const cannotEnd = (kind: Disagreement["kind"]): boolean =>
    (kind === "state" && downForGood) || (kind === "replication" && hasNoSource);
  const inTheWay = view.disagreements.filter(
    ({ kind, about }) => kind !== "open-slot" && !(othersAreAway && (about !== name || cannotEnd(kind))),
  );
  return inTheWay.length === 0 ? undefined : summarize(inTheWay.map(({ message }) => message));
}
