import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { formByReset } from "../formation/form-by-reset.ts";
import { abortable } from "../timing/deadline.ts";
import type { RestartNode } from "./run-strategy.ts";
import type { Baseline } from "./baseline.ts";
import { cleanNode } from "./clean-node.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { Assessment } from "./assess-cluster.ts";
import { requireNoLateCommands } from "./late-effects.ts";
import { hasScheduledElection } from "./scheduled-election.ts";

/**
 * Restarts the lost nodes as new, and those that have planned an election; meanwhile the other nodes forget each other
 * and meet again. Returns the names of the nodes that were restarted.
 */
export async function repair(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  { now, lost }: Assessment,
  restart: RestartNode,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const known = nodes.filter((_, index) => lost.has(index));
  const joining = known.map((member) => restart(member));
  const unclear = nodes.filter((_, index) => !lost.has(index));
  const asking = unclear.map((member) =>
    hasScheduledElection(member, before.fingerprints[member.plan.index] as Fingerprint),
  );
  const planned = await abortable(Promise.all(asking), signal);
  const candidates = unclear.filter((_, index) => planned[index]);
  joining.push(...candidates.map((member) => restart(member)));
  const staying = unclear.filter((member) => !candidates.includes(member));
  // A primary with keys refuses to forget the others.
  await Promise.all(
    staying.map(async ({ connection, plan: { index } }) => {
      const then = before.fingerprints[index] as Fingerprint;
      const { calls } = await cleanNode(plan, connection, then, now[index] as Fingerprint, signal);
      requireNoLateCommands([{ before: then, calls, isNew: false }]);
    }),
  );
  const epoch = Math.max(0, ...now.map((each) => each?.view.currentEpoch ?? 0));
  await formByReset(
    plan,
    staying.map(({ connection }) => connection),
    joining,
    epoch,
    signal,
  );
  return [...known, ...candidates].map(({ plan: { name } }) => name).toSorted();
}
