/** The durations, in milliseconds, with which a server limits its elections. */
interface ElectionTimes {
  /** How long a replica counts votes after the start of its election. */
  readonly authTimeoutMs: number;
  /** How long after the start of an election the replica does not start another one. */
  readonly authRetryTimeMs: number;
}

/** Returns `auth_timeout` and `auth_retry_time` of `clusterHandleSlaveFailover` (cluster_legacy.c). */
export function electionTimes(nodeTimeoutMs: number): ElectionTimes {
  const authTimeoutMs = Math.max(2 * nodeTimeoutMs, 2_000);
  return { authTimeoutMs, authRetryTimeMs: 2 * authTimeoutMs };
}

/** The `repl-ping-replica-period` of every node, in seconds. */
export const REPLICATION_PING_PERIOD_S = 1;
const DEFAULT_PING_PERIOD_S = 10;
const DEFAULT_VALIDITY_FACTOR = 10;

/**
 * Returns the `cluster-replica-validity-factor` with which replicas may be without their primary for at least as long as with the
 * servers' defaults, although {@link REPLICATION_PING_PERIOD_S} is shorter: `clusterHandleSlaveFailover` adds both times. If
 * two replicas split the votes, the next election starts after `authRetryTimeMs`, which is 4 s or more. With a short node
 * timeout and the default factor, both replicas would then be too old, and the shard would be lost.
 */
export function replicaValidityFactor(nodeTimeoutMs: number): number {
  const missingMs = (DEFAULT_PING_PERIOD_S - REPLICATION_PING_PERIOD_S) * 1_000;
  return DEFAULT_VALIDITY_FACTOR + Math.ceil(missingMs / nodeTimeoutMs);
}
