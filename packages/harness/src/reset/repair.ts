import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { formByReset } from "../formation/form-by-reset.ts";
import { abortable } from "../timing/deadline.ts";
import { type Assessment, greatestEpoch } from "./assess-cluster.ts";
import type { Baseline } from "./baseline.ts";
import { cleanNode } from "./clean-node.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { requireNoLateCommands } from "./late-effects.ts";
import type { RestartNode } from "./run-strategy.ts";
import { hasScheduledElection } from "./scheduled-election.ts";

/**
 * Restarts as new the nodes to recreate, and the nodes that have scheduled or held an election. Meanwhile the other nodes forget
 * each other and meet again. Returns the names of the restarted nodes.
 */
export async function repair(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  assessment: Assessment,
  restart: RestartNode,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { fingerprints, indexesToRecreate } = assessment;
  const toRecreate = nodes.filter((_, index) => indexesToRecreate.has(index));
  const joining = toRecreate.map((node) => restart(node));
  const others = nodes.filter((_, index) => !indexesToRecreate.has(index));
  const elections = others.map((node) =>
    hasScheduledElection(node, before.fingerprints[node.plan.index] as Fingerprint),
  );
  const areCandidates = await abortable(Promise.all(elections), signal);
  const candidates = others.filter((_, index) => areCandidates[index]);
  joining.push(...candidates.map((node) => restart(node)));
  const kept = others.filter((node) => !candidates.includes(node));
  // A primary with keys refuses to forget the other nodes.
  await Promise.all(
    kept.map(async ({ connection, plan: { index } }) => {
      const baseline = before.fingerprints[index] as Fingerprint;
      const { calls } = await cleanNode(
        plan,
        connection,
        baseline,
        fingerprints[index] as Fingerprint,
        signal,
      );
      requireNoLateCommands([{ before: baseline, calls, isNewProcess: false }]);
    }),
  );
  await formByReset(
    plan,
    kept.map(({ connection }) => connection),
    joining,
    greatestEpoch(assessment),
    signal,
  );
  return [...toRecreate, ...candidates].map(({ plan: { name } }) => name).toSorted();
}
