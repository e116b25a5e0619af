import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { retryUntilAnswered } from "../timing/retry.ts";

const POLL_MS = 10;

/**
 * Replaces the settings of the first boot, which make forming safe, with the settings that the plan has for the finished cluster.
 *
 * @throws the error reply of a node that rejects a setting; or, if the signal aborts, the last reason why a node did not answer.
 */
export async function applyFinalSettings(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    connections.map((connection) =>
      retryUntilAnswered(
        () =>
          // The long node timeout comes first. With the short one, an automatic failover could start at once.
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
