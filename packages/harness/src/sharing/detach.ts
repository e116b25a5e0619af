import type { AbandonedWork } from "../cluster/abandoned-work.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import { endAllCalls, revertFaults } from "../cluster/end-use.ts";
import type { RedisClusterError } from "../errors.ts";
import type { FaultRegistry } from "../faults/fault-registry.ts";

/** What a handle may have under way when it stops using a cluster that continues. */
export interface UseOfCluster {
  readonly workloads: { endAll(): Promise<void> };
  readonly faults: Pick<FaultRegistry, "revertAll">;
  readonly abandoned: AbandonedWork;
}

/** Ends the calls and workloads of a handle and reverts its faults. Stopped nodes stay stopped. Never rejects. */
export async function detach(
  context: ClusterContext,
  { workloads, faults, abandoned }: UseOfCluster,
  reason: RedisClusterError,
): Promise<void> {
  // Before the faults: an ongoing call may be applying one.
  await endAllCalls(context, reason);
  await Promise.allSettled([workloads.endAll(), revertFaults(context, faults, abandoned)]);
}
