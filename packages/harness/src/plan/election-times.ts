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
