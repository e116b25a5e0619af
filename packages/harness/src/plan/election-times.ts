/** How a server's memory of its own last election is timed. */
export interface ElectionTimes {
  /** For so long after its beginning it goes by the votes that it has got. */
  readonly votesMs: number;
  /** For so long it begins no other one. */
  readonly retryMs: number;
}

/** `auth_timeout` and `auth_retry_time` in `clusterHandleSlaveFailover` (cluster_legacy.c). */
export function electionTimes(nodeTimeoutMs: number): ElectionTimes {
  const votesMs = Math.max(2 * nodeTimeoutMs, 2_000);
  return { votesMs, retryMs: 2 * votesMs };
}
