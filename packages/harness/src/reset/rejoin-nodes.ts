import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { joinRecreatedNodes } from "../formation/join-recreated-nodes.ts";
import { abortable } from "../timing/deadline.ts";
import { renderRejoiningNodesConf } from "../plan/node-files.ts";
import { type Assessment, greatestEpoch } from "./assess-cluster.ts";
import type { Baseline } from "./baseline.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { RestartNode } from "./run-strategy.ts";
import { hasScheduledElection } from "./scheduled-election.ts";

/**
 * Restarts the nodes to recreate as new, with the knowledge of the running cluster, and makes them rejoin it. Returns their
 * names.
 *
 * @throws Error if one of the other nodes has scheduled or held an election: it may use the votes of that election later.
 */
export async function rejoinNodes(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  assessment: Assessment,
  restart: RestartNode,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { indexesToRecreate } = assessment;
  const epoch = greatestEpoch(assessment);
  const toRecreate = nodes.filter((_, index) => indexesToRecreate.has(index));
  // Each node claims the epoch after the one with which it starts.
  const restarting = toRecreate.map((node, index) =>
    restart(node, renderRejoiningNodesConf(node.plan, plan.nodes, plan.shards, epoch + index)),
  );
  const kept = nodes.filter((_, index) => !indexesToRecreate.has(index));
  const elections = kept.map((node) =>
    hasScheduledElection(node, before.fingerprints[node.plan.index] as Fingerprint),
  );
  const areCandidates = await abortable(Promise.all(elections), signal);
  const candidate = kept.find((_, index) => areCandidates[index]);
  if (candidate !== undefined) throw new Error(`${candidate.plan.name} has scheduled or held an election`);
  await joinRecreatedNodes(
    plan,
    kept.map(({ connection }) => connection),
    restarting,
    signal,
  );
  return toRecreate.map(({ plan: { name } }) => name);
}
