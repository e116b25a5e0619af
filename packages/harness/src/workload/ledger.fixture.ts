import type { Ledger, LostWrite, ShardLedger } from "./ledger.ts";

const STARTED_AT = 1_700_000_000_000;

/** Returns a ledger of three shards without findings, except for the given changes. */
export function ledgerWith(changes: Partial<Ledger> = {}): Ledger {
  return {
    acknowledged: 2_990,
    attempts: 3_000,
    failed: 6,
    unknown: 4,
    reads: 0,
    lost: [],
    unacknowledgedPresent: [],
    duplicated: [],
    stale: [],
    shards: [shardWith(0), shardWith(1), shardWith(2, 990)],
    errors: {},
    redirects: {},
    latency: {
      before: { count: 2_990, p50Ms: 0.31, p99Ms: 2.5, maxMs: 18.04 },
      during: { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 },
      after: { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 },
    },
    endedClients: [],
    keyPrefix: "workload:",
    seed: 7,
    timeScale: 1,
    startedAt: STARTED_AT,
    stoppedAt: STARTED_AT + 4_000,
    ...changes,
  };
}

/** Returns a shard that accepted no writes for `unavailableMs`, starting 500 ms after the start. */
export function shardWith(shard: number, acknowledged = 1_000, unavailableMs = 0): ShardLedger {
  const wasUnavailable = unavailableMs > 0;
  return {
    shard,
    acknowledged,
    acknowledgedBy: { [`node-${shard}`]: acknowledged },
    unavailableMs,
    lastSuccessBefore: wasUnavailable ? STARTED_AT + 500 : undefined,
    firstSuccessAfter: wasUnavailable ? STARTED_AT + 500 + unavailableMs : undefined,
    unavailableAtEndMs: undefined,
  };
}

/** Returns the first `count` writes of writer 3 to shard 1 as lost writes, which were acknowledged every 10 ms. */
export function lostWrites(count: number): readonly LostWrite[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `workload:append:{t${index}}`,
    kind: "append",
    value: `w3-${index + 1}`,
    shard: 1,
    sentAt: STARTED_AT + 10 * index,
    acknowledgedAt: STARTED_AT + 10 * index + 1,
    acknowledgedBy: "node-1",
  }));
}
