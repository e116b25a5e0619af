import type { ClusterContext } from "../cluster/cluster-context.ts";
import { endCalls, endTimeout } from "../cluster/end-calls.ts";
import { messageOf, type RedisClusterError } from "../errors.ts";
import type { FaultRegistry } from "../faults/fault-registry.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";

/** What a handle may have running when it stops using a cluster that continues. */
export interface UseOfCluster {
  readonly workloads: { endAll(): Promise<void> };
  readonly faults: Pick<FaultRegistry, "revertAll">;
}

/**
 * Ends the calls and workloads of a handle and reverts its faults, because the next user of the cluster does not know them.
 * Stopped nodes stay stopped. Never rejects.
 */
export async function detach(
  context: ClusterContext,
  { workloads, faults }: UseOfCluster,
  reason: RedisClusterError,
): Promise<void> {
  // Before the faults: an ongoing call may be applying one.
  await Promise.all([endCalls(context, reason), context.calls.end(["reset"], reason)]);
  const timeout = endTimeout(context);
  const ends = Promise.allSettled([workloads.endAll(), faults.revertAll(timeout)]);
  await abortable(ends, timeout).catch((error: unknown) => {
    log("%s: not everything was reverted: %s", context.plan.name, messageOf(error));
  });
}
