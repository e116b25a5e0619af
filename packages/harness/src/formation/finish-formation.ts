import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { applyFinalSettings } from "./final-settings.ts";
import { verify, waitForAgreement } from "./verify.ts";

/**
 * Waits until a cluster is as planned, and gives it its final settings.
 *
 * @throws what was missing when the signal aborted.
 */
export async function finishFormation(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  await verify(plan, connections, signal);
  await applyFinalSettings(plan, connections, signal);
  // Until then the node timeout was short, so that a node that was busy for a moment may have been declared failed since the
  // verification.
  await waitForAgreement(plan, connections, signal);
}
