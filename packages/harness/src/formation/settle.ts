import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { retryUntilAnswered } from "../timing/retry.ts";

const POLL_MS = 10;

/** Replaces the options of the first boot, which made forming safe, by those that the cluster is to have. */
export async function settle(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    connections.map((connection) =>
      retryUntilAnswered(
        () =>
          connection.texts([
            ["CONFIG", "SET", "cluster-node-timeout", plan.nodeTimeoutMs],
            ["CONFIG", "SET", "cluster-replica-no-failover", plan.replicaNoFailover],
            ["CONFIG", "SET", "cluster-require-full-coverage", plan.requireFullCoverage],
          ]),
        POLL_MS,
        signal,
      ),
    ),
  );
}
