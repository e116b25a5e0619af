import { findDeviations } from "../formation/verify.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { abortable } from "../timing/deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type ClusterView, mergeViews } from "../view/cluster-view.ts";
import type { NodeView } from "../view/node-view.ts";
import type { Baseline } from "./baseline.ts";
import { findLastingCommands } from "./command-effects.ts";
import { findPermanentDifferences, findTransientDifferences } from "./differences.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";
import { findFailoverChanges, findIrreversibleChanges } from "./irreversible-changes.ts";

/** The state of a cluster, compared with its baseline and its plan. */
export interface Assessment {
  /** The fingerprints by node index; undefined for a node that did not answer. */
  readonly fingerprints: readonly (Fingerprint | undefined)[];
  /** The differences that were found, a sentence each. */
  readonly reasons: readonly string[];
  /** The indexes of the nodes whose process must be replaced. */
  readonly indexesToRecreate: ReadonlySet<number>;
  /**
   * Whether the nodes to recreate can rejoin the running cluster. If so, there are such nodes, and all other nodes are as planned
   * and were not affected by a failover.
   */
  readonly canRejoin: boolean;
}

/**
 * Which state is compared:
 *
 * - `irreversible`: state that cleaning cannot revert.
 * - `all`: also state that cleaning reverts.
 * - `cleaned`: as `all`, for a cluster that may have been cleaned. Statistics of commands are not compared, because the cleaning
 *   resets them.
 */
export type AssessmentScope = "irreversible" | "all" | "cleaned";

/**
 * Reads the state of every node and compares it with the baseline and the plan.
 *
 * @param nodesToRecreate the names of nodes whose process must be replaced for reasons that the nodes do not show, and the
 * reasons.
 * @param scope after a cleaning `cleaned`: differences that commands have not reverted by then require a new process.
 * @throws RedisClusterError ENGINE_FAILED if a node does not answer and the engine does not report its state.
 */
export async function assessCluster(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  nodesToRecreate: ReadonlyMap<string, string>,
  scope: AssessmentScope,
  signal: AbortSignal,
): Promise<Assessment> {
  const indexesToRecreate = new Set<number>();
  const reasons: string[] = [];
  const outcomes = await Promise.allSettled(
    nodes.map(async ({ connection }) => {
      const fingerprint = await readFingerprint(connection, plan);
      return { fingerprint, lasting: await findLastingCommands(plan, connection, fingerprint.calls) };
    }),
  );
  const answers = outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : undefined));
  const fingerprints = answers.map((answer) => answer?.fingerprint);
  const syncedShards = new Set(
    fingerprints.flatMap((now, index) =>
      now !== undefined && now.snapshots.syncs > (before.fingerprints[index]?.snapshots.syncs ?? 0)
        ? [plan.nodes[index]?.shard]
        : [],
    ),
  );
  for (const [index, node] of nodes.entries()) {
    const { name, shard, role } = node.plan;
    const baseline = before.fingerprints[index] as Fingerprint;
    const expected = scope === "cleaned" ? { ...baseline, calls: new Map<string, number>() } : baseline;
    const now = fingerprints[index];
    const reasonToRecreate = nodesToRecreate.get(name);
    const changes =
      now === undefined
        ? []
        : [
            ...findIrreversibleChanges(expected, now, answers[index]?.lasting ?? [], syncedShards.has(shard)),
            ...(scope === "irreversible"
              ? []
              : [...findPermanentDifferences(expected, now), ...findTransientDifferences(plan, before, now)]),
          ];
    if (reasonToRecreate !== undefined) reasons.push(reasonToRecreate);
    if (now === undefined) reasons.push(await abortable(explainSilence(node), signal));
    if (reasonToRecreate !== undefined || now === undefined || changes.length > 0)
      indexesToRecreate.add(index);
    reasons.push(...changes, ...(now === undefined ? [] : findFailoverChanges(expected, now)));
    // A primary whose state is not ok may need up to 5 s until it accepts writes again (`clusterUpdateState`).
    if (role === "primary" && now !== undefined && now.view.state !== "ok") indexesToRecreate.add(index);
  }
  const views = fingerprints.map(
    (now, index): NodeView =>
      now?.view ?? { kind: "silent", node: nodes[index]?.plan.name ?? "", reason: "no answer" },
  );
  const view = mergeNodeViews(plan, views);
  reasons.push(...view.disagreements.map(({ message }) => message), ...findDeviations(plan, view));
  const kept = fingerprints.map((now, index) => (indexesToRecreate.has(index) ? undefined : now));
  // The effects of CLUSTER commands may have spread to nodes that did not execute them, such as the ids of forgotten nodes.
  const hasClusterCommands = answers.some((answer) =>
    answer?.lasting.some((name) => name.startsWith("cluster|")),
  );
  const canRejoin =
    indexesToRecreate.size > 0 &&
    indexesToRecreate.size < nodes.length &&
    !hasClusterCommands &&
    canBootIntoCluster(plan, indexesToRecreate) &&
    keepsMajority(plan, indexesToRecreate) &&
    areAsPlanned(plan, before, kept);
  return { fingerprints, reasons, indexesToRecreate, canRejoin };
}

/** Returns the greatest epoch that a node of the cluster knows, or 0 if no node answered. */
export function greatestEpoch({ fingerprints }: Assessment): number {
  return Math.max(0, ...fingerprints.map((now) => now?.view.currentEpoch ?? 0));
}

/**
 * Returns whether the nodes to recreate can boot into the running cluster. A primary boots next to a placeholder without an
 * address (`renderRejoiningNodesConf`), which Valkey considers failed. With fewer than two other primaries, it would consider
 * itself in a minority, and its state would stay at fail.
 */
function canBootIntoCluster({ shards }: ClusterPlan, indexesToRecreate: ReadonlySet<number>): boolean {
  return shards.length >= 3 || !shards.some(({ primary }) => indexesToRecreate.has(primary));
}

/**
 * Returns whether a majority of the primaries keep their process. Without a majority, primaries that rejoin wait up to five
 * seconds before they accept writes (`clusterUpdateState`; observed on Valkey 8.1). Then the cluster is formed again instead.
 */
function keepsMajority({ shards }: ClusterPlan, indexesToRecreate: ReadonlySet<number>): boolean {
  return shards.filter(({ primary }) => !indexesToRecreate.has(primary)).length > shards.length / 2;
}

/**
 * Returns whether each of these nodes sees all planned roles and slots, including those of the nodes to recreate, and shows no
 * sign of a change in progress.
 */
function areAsPlanned(
  plan: ClusterPlan,
  before: Baseline,
  kept: readonly (Fingerprint | undefined)[],
): boolean {
  return kept.every((now, index) => {
    if (now === undefined) return true;
    const ownView = mergeNodeViews(plan, [now.view]);
    return (
      findFailoverChanges(before.fingerprints[index] as Fingerprint, now).length === 0 &&
      findDeviations(plan, ownView).length === 0 &&
      now.view.members.every(
        ({ flags, openSlots }) =>
          openSlots.length === 0 && !flags.includes("fail") && !flags.includes("handshake"),
      )
    );
  });
}

/** Returns why a node does not answer, as the engine reports it. */
async function explainSilence({ plan: { name }, container }: ManagedNode): Promise<string> {
  const { status, oomKilled } = await container.state();
  if (oomKilled) return `${name} ran out of memory (OOM-killed)`;
  return status === "running"
    ? `${name} does not answer`
    : `${name} does not answer: its container is ${status}`;
}

function mergeNodeViews(plan: ClusterPlan, views: readonly NodeView[]): ClusterView {
  return mergeViews(views, new Map(plan.nodes.map(({ id, name }) => [id, name])));
}
