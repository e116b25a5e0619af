import { deviations } from "../formation/verify.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { abortable } from "../timing/deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type ClusterView, mergeViews } from "../view/cluster-view.ts";
import type { NodeView } from "../view/node-view.ts";
import type { Baseline } from "./baseline.ts";
import { findPermanentDifferences, findTransientDifferences } from "./differences.ts";
import { findLastingCommands } from "./command-effects.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";
import { findFailoverChanges, findIrreversibleChanges } from "./irreversible-changes.ts";

/** What a reset finds. */
export interface Assessment {
  /** By node index; undefined of a node that did not answer. */
  readonly now: readonly (Fingerprint | undefined)[];
  /** Everything that is not as it was and that cleaning cannot take back. */
  readonly reasons: readonly string[];
  /** Indexes of nodes whose process cannot be kept. */
  readonly lost: ReadonlySet<number>;
  /** Nothing is wrong but that some nodes are lost: all others are as planned, and have seen no failover. */
  readonly canRejoin: boolean;
}

/**
 * What is compared: `lasting`, what cleaning cannot revert; `all`, also what it can; `uncounted`, all but the statistics of
 * commands, which the cleaning has begun again.
 */
export type Extent = "lasting" | "all" | "uncounted";

/**
 * Asks every node how it is, and compares that with the baseline and the plan.
 *
 * @param extent `uncounted` after a cleaning: what commands have not reverted by then takes a new process.
 * @throws RedisClusterError ENGINE_FAILED where a node does not answer and the engine does not tell why.
 */
export async function assessCluster(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  nodesToRecreate: ReadonlyMap<string, string>,
  extent: Extent,
  signal: AbortSignal,
): Promise<Assessment> {
  const lost = new Set<number>();
  const reasons: string[] = [];
  const asked = await Promise.allSettled(
    nodes.map(async ({ connection }) => {
      const fingerprint = await readFingerprint(connection, plan);
      return { fingerprint, commands: await findLastingCommands(plan, connection, fingerprint.calls) };
    }),
  );
  const answers = asked.map((each) => (each.status === "fulfilled" ? each.value : undefined));
  const now = answers.map((each) => each?.fingerprint);
  const syncedShards = new Set(
    now.flatMap((each, index) =>
      each !== undefined && each.snapshots.syncs > (before.fingerprints[index]?.snapshots.syncs ?? 0)
        ? [plan.nodes[index]?.shard]
        : [],
    ),
  );
  for (const [index, { plan: node }] of nodes.entries()) {
    const baseline = before.fingerprints[index] as Fingerprint;
    const then = extent === "uncounted" ? { ...baseline, calls: new Map<string, number>() } : baseline;
    const fingerprint = now[index];
    const why = nodesToRecreate.get(node.name);
    const lasting =
      fingerprint === undefined
        ? []
        : [
            ...findIrreversibleChanges(
              then,
              fingerprint,
              answers[index]?.commands ?? [],
              syncedShards.has(node.shard),
            ),
            ...(extent === "lasting"
              ? []
              : [
                  ...findPermanentDifferences(then, fingerprint),
                  ...findTransientDifferences(plan, before, fingerprint),
                ]),
          ];
    if (why !== undefined) reasons.push(why);
    if (fingerprint === undefined)
      reasons.push(await abortable(whyMute(nodes[index] as ManagedNode), signal));
    if (why !== undefined || fingerprint === undefined || lasting.length > 0) lost.add(index);
    reasons.push(...lasting, ...(fingerprint === undefined ? [] : findFailoverChanges(then, fingerprint)));
    // A primary whose state is not ok waits up to 5 s until it takes writes again (`clusterUpdateState`).
    if (node.role === "primary" && fingerprint !== undefined && fingerprint.view.state !== "ok")
      lost.add(index);
  }
  const views = now.map(
    (each, index): NodeView =>
      each?.view ?? { kind: "silent", node: nodes[index]?.plan.name ?? "", reason: "no answer" },
  );
  const view = viewOf(plan, views);
  reasons.push(...view.disagreements.map(({ message }) => message), ...deviations(plan, view));
  const staying = now.map((each, index) => (lost.has(index) ? undefined : each));
  // What CLUSTER commands change may have spread to nodes that were not told them, such as the ids of forgotten nodes.
  const told = answers.some((each) => each?.commands.some((name) => name.startsWith("cluster|")));
  const canRejoin =
    lost.size > 0 &&
    lost.size < nodes.length &&
    !told &&
    canReturn(plan, lost) &&
    keepsMajority(plan, lost) &&
    seesOnlyThePlan(plan, before, staying);
  return { now, reasons, lost, canRejoin };
}

/**
 * Whether the lost nodes can boot into the cluster as it is. A primary boots next to a placeholder without an address, which
 * Valkey takes for failed (`renderReturningNodesConf`): beside fewer than two other primaries it would see itself in a
 * minority, and its state would stay at fail.
 */
function canReturn({ shards }: ClusterPlan, lost: ReadonlySet<number>): boolean {
  return shards.length >= 3 || !shards.some(({ primary }) => lost.has(primary));
}

/**
 * Without a majority of the primaries those that come back wait for up to five seconds before they take writes
 * (`clusterUpdateState`); seen on Valkey 8.1, where the cluster then is formed again instead.
 */
function keepsMajority({ shards }: ClusterPlan, lost: ReadonlySet<number>): boolean {
  return shards.filter(({ primary }) => !lost.has(primary)).length > shards.length / 2;
}

/** Whether each of these nodes sees all roles and slots as planned, the lost nodes' too, and none is about to change. */
function seesOnlyThePlan(
  plan: ClusterPlan,
  before: Baseline,
  staying: readonly (Fingerprint | undefined)[],
): boolean {
  return staying.every((each, index) => {
    if (each === undefined) return true;
    const alone = viewOf(plan, [each.view]);
    return (
      findFailoverChanges(before.fingerprints[index] as Fingerprint, each).length === 0 &&
      deviations(plan, alone).length === 0 &&
      each.view.members.every(
        ({ flags, openSlots }) =>
          openSlots.length === 0 && !flags.includes("fail") && !flags.includes("handshake"),
      )
    );
  });
}

async function whyMute({ plan: { name }, container }: ManagedNode): Promise<string> {
  const { status, oomKilled } = await container.state();
  if (oomKilled) return `${name} was killed by the kernel for want of memory`;
  return status === "running"
    ? `${name} does not answer`
    : `${name} does not answer: its container is ${status}`;
}

function viewOf(plan: ClusterPlan, views: readonly NodeView[]): ClusterView {
  return mergeViews(views, new Map(plan.nodes.map(({ id, name }) => [id, name])));
}
