import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { keyRange } from "../seed/dataset.ts";
import type { Baseline } from "./baseline.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** What of a node differs from its baseline and does not change by waiting: settings, users, modules. */
export function findPermanentDifferences(before: Fingerprint, now: Fingerprint): readonly string[] {
  const settings = [...before.config]
    .filter(([name, value]) => now.config.get(name) !== value)
    .map(([name]) => `${now.node} has another ${name}`);
  const users = JSON.stringify(before.acl) === JSON.stringify(now.acl) ? [] : [`${now.node} has other users`];
  const modules = before.modules === now.modules ? [] : [`${now.node} has other modules`];
  return [...settings, ...users, ...modules];
}

/**
 * What of a node's use is left and may be on its way: keys and functions that the primary's stream deletes, reports about
 * other nodes, addresses and hostnames that the next packets of the cluster bus correct.
 *
 * Of a cluster with a seed the numbers of keys and functions are compared with the seed's.
 */
export function findTransientDifferences(
  plan: ClusterPlan,
  { fingerprints: baseline, seed }: Baseline,
  now: Fingerprint,
): readonly string[] {
  const node = plan.nodes.find(({ name }) => name === now.node) as NodePlan;
  const { keys, scripts, functions, failureReports, followers } = now.held;
  const expected = plannedReplicaCount(plan, node);
  const ofSeed = seed?.shards[node.shard];
  const { least, most } = ofSeed === undefined ? { least: 0, most: 0 } : keyRange(ofSeed);
  const ownFunctions = ofSeed === undefined ? 0 : (baseline[node.index]?.held.functions ?? 0);
  return [
    ...(keys >= least && keys <= most
      ? []
      : [
          `${now.node} has ${keys} keys${most === 0 ? "" : `, not ${least === most ? most : `${least} to ${most}`}`}`,
        ]),
    ...(functions === ownFunctions
      ? []
      : [`${now.node} has ${functions} functions${ownFunctions === 0 ? "" : `, not ${ownFunctions}`}`]),
    ...(
      [
        [scripts, "scripts"],
        [failureReports, "reports of failed nodes"],
        [now.snapshots.unwritten, "bytes of its append-only file to write"],
      ] as const
    )
      .filter(([count]) => count !== 0)
      .map(([count, what]) => `${now.node} has ${count} ${what}`),
    ...(followers === expected ? [] : [`${now.node} has ${followers} replicas, not ${expected}`]),
    ...announced(plan, baseline, now),
  ];
}

/** How many connections replicate from a node that has its planned role. */
export function plannedReplicaCount(plan: ClusterPlan, node: NodePlan): number {
  return node.role === "primary" ? (plan.shards[node.shard]?.replicas.length ?? 0) : 0;
}

/** Other nodes of which the node has another address than in its baseline, or a hostname that is not theirs. */
function announced(plan: ClusterPlan, baseline: readonly Fingerprint[], now: Fingerprint): readonly string[] {
  const viewer = baseline.find(({ node }) => node === now.node);
  return plan.nodes.flatMap(({ id, name, index }) => {
    const entry = now.view.members.find((member) => member.id === id);
    const then = viewer?.view.members.find((member) => member.id === id);
    if (entry === undefined || then === undefined) return [];
    const moved =
      entry.address !== then.address || entry.port !== then.port || entry.busPort !== then.busPort;
    // A hostname that is not known yet is not a trace.
    const hostname = baseline[index]?.config.get("cluster-announce-hostname");
    const renamed = entry.hostname !== undefined && entry.hostname !== hostname;
    return [
      ...(moved ? [`${now.node} has another address of ${name}`] : []),
      ...(renamed ? [`${now.node} has another hostname of ${name}`] : []),
    ];
  });
}
