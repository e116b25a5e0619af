import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { rejoin } from "../formation/rejoin.ts";
import { abortable } from "../timing/deadline.ts";
import { renderReturningNodesConf } from "../plan/node-files.ts";
import type { RestartNode } from "./run-strategy.ts";
import type { Baseline } from "./baseline.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { Assessment } from "./assess-cluster.ts";
import { hasScheduledElection } from "./scheduled-election.ts";

/**
 * Restarts the lost nodes as new, with the knowledge of the cluster that goes on, and takes them back into it. Returns
 * their names. Rejects if one of the other nodes has planned an election: it may use the votes of that election later.
 */
export async function rejoinNodes(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  { now, lost }: Assessment,
  restart: RestartNode,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const epoch = Math.max(0, ...now.map((each) => each?.view.currentEpoch ?? 0));
  const coming = nodes.filter((_, index) => lost.has(index));
  // Each claims the epoch after the one that it starts with.
  const returning = coming.map((member, index) =>
    restart(member, renderReturningNodesConf(member.plan, plan.nodes, plan.shards, epoch + index)),
  );
  const staying = nodes.filter((_, index) => !lost.has(index));
  const asking = staying.map((member) =>
    hasScheduledElection(member, before.fingerprints[member.plan.index] as Fingerprint),
  );
  const planned = await abortable(Promise.all(asking), signal);
  const candidate = staying.find((_, index) => planned[index]);
  if (candidate !== undefined) throw new Error(`${candidate.plan.name} has planned an election`);
  await rejoin(
    plan,
    staying.map(({ connection }) => connection),
    returning,
    signal,
  );
  return coming.map(({ plan: { name } }) => name);
}
