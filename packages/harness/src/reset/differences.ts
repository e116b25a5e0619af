import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { keyCountRange } from "../seed/dataset.ts";
import type { Baseline } from "./baseline.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** Returns the differences between a node and its baseline that waiting does not change: settings, users and modules. */
export function findPermanentDifferences(before: Fingerprint, now: Fingerprint): readonly string[] {
  const settings = [...before.config]
    .filter(([name, value]) => now.config.get(name) !== value)
    .map(([name]) => `the setting ${name} of ${now.node} has changed`);
  const hasSameUsers = JSON.stringify(before.acl) === JSON.stringify(now.acl);
  return [
    ...settings,
    ...(hasSameUsers ? [] : [`the users of ${now.node} have changed`]),
    ...(before.modules === now.modules ? [] : [`the modules of ${now.node} have changed`]),
  ];
}

/**
 * Returns the differences between a node and its baseline that may disappear by themselves: keys and functions that the
 * replication stream of the primary deletes, reports about other nodes, and addresses and hostnames that the next packets of the
 * cluster bus correct.
 *
 * For a cluster with a seed, the numbers of keys and functions are compared with the numbers of the seed.
 */
export function findTransientDifferences(
  plan: ClusterPlan,
  { fingerprints: baseline, seed }: Baseline,
  now: Fingerprint,
): readonly string[] {
  const node = plan.nodes.find(({ name }) => name === now.node) as NodePlan;
  const { keys, scripts, functions, failureReports, followers } = now.held;
  const data = seed?.shards[node.shard];
  const keyRange = data === undefined ? { min: 0, max: 0 } : keyCountRange(data);
  const seedFunctions = data === undefined ? 0 : (baseline[node.index]?.held.functions ?? 0);
  const replicas = plannedReplicaCount(plan, node);
  const counts = [
    { count: keys, what: "keys", ...keyRange },
    { count: functions, what: "functions", min: seedFunctions, max: seedFunctions },
    { count: scripts, what: "scripts", min: 0, max: 0 },
    { count: failureReports, what: "reports of failed nodes", min: 0, max: 0 },
    { count: now.snapshots.unwritten, what: "unwritten bytes of its append-only file", min: 0, max: 0 },
    { count: followers, what: "connected replicas", min: replicas, max: replicas },
  ];
  return [
    ...counts
      // A count that could not be parsed is NaN, and a difference.
      .filter(({ count, min, max }) => !(count >= min && count <= max))
      .map(
        ({ count, what, min, max }) =>
          `${now.node} has ${count} ${what}, expected ${min === max ? max : `${min} to ${max}`}`,
      ),
    ...findAnnouncementDifferences(plan, baseline, now),
  ];
}

/** Returns the number of connections that replicate from a node that has its planned role. */
export function plannedReplicaCount(plan: ClusterPlan, node: NodePlan): number {
  return node.role === "primary" ? (plan.shards[node.shard]?.replicas.length ?? 0) : 0;
}

/** Returns the other nodes whose address differs from the node's baseline, or for which the node stores a wrong hostname. */
function findAnnouncementDifferences(
  plan: ClusterPlan,
  baseline: readonly Fingerprint[],
  now: Fingerprint,
): readonly string[] {
  const before = baseline.find(({ node }) => node === now.node);
  return plan.nodes.flatMap(({ id, name, index }) => {
    const entry = now.view.members.find((member) => member.id === id);
    const entryBefore = before?.view.members.find((member) => member.id === id);
    if (entry === undefined || entryBefore === undefined) return [];
    const hasOtherAddress =
      entry.address !== entryBefore.address ||
      entry.port !== entryBefore.port ||
      entry.busPort !== entryBefore.busPort;
    // A hostname that the node does not know yet is not a difference.
    const hostname = baseline[index]?.config.get("cluster-announce-hostname");
    const hasOtherHostname = entry.hostname !== undefined && entry.hostname !== hostname;
    return [
      ...(hasOtherAddress ? [`the address of ${name} has changed in the view of ${now.node}`] : []),
      ...(hasOtherHostname ? [`the hostname of ${name} has changed in the view of ${now.node}`] : []),
    ];
  });
}
