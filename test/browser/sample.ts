import type { Failover, Ledger, ShardFailover } from "testcontainers-redis-cluster";

const SINCE = 1_700_000_000_000;
const NO_LATENCY = { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 };

function shard(changes: Partial<ShardFailover>): ShardFailover {
  return {
    failed: { name: "node-1" },
    promoted: { name: "node-5", id: "b".repeat(40) },
    promotions: [{ name: "node-5", epoch: 9, atMs: 1501 }],
    shard: 1,
    lastWriteMs: -4,
    acknowledgedByOldPrimary: { count: 0, lastMs: undefined },
    slots: [{ first: 5461, last: 10922 }],
    epochBefore: 7,
    epochAfter: 9,
    manual: false,
    phases: {
      suspectedMs: 780,
      suspectedBy: "node-4",
      failedMs: 882,
      failedBy: "node-0",
      electionScheduledMs: 891,
      announcedDelayMs: 592,
      electionStartedMs: 1497,
      votesMs: 1498,
      electedMs: 1501,
      servingMs: 1505,
      agreedMs: 1512,
      recoveredMs: 1515,
      rejoinedMs: undefined,
    },
    expected: { minMs: 1000, maxMs: 2500, parts: undefined, serving: { minMs: 1000, maxMs: 2600 } },
    ...changes,
  };
}

/** Two shards that failed over at the same time, the first with a split brain. */
export const FAILOVER: Failover = {
  ...shard({ acknowledgedByOldPrimary: { count: 12, lastMs: 1700 } }),
  since: SINCE,
  timeScale: 1,
  clockErrorMs: 0,
  nodes: [0, 1, 2, 3, 4, 5].map((index) => ({
    name: `node-${index}`,
    roleBefore: index < 3 ? "primary" : "replica",
    shard: [0, 1, 2, 2, 0, 1][index],
  })),
  others: [
    shard({
      shard: 0,
      failed: { name: "node-0" },
      promoted: { name: "node-4", id: "a".repeat(40) },
      promotions: [{ name: "node-4", epoch: 9, atMs: 1501 }],
      slots: [{ first: 0, last: 5460 }],
    }),
  ],
  events: [
    { atMs: 0, node: "action", kind: "fault", text: "the fault starts" },
    { atMs: 12, node: "node-1", kind: "silent", text: "does not answer" },
  ],
};

/** A ledger with one lost write, whose key is long. */
export const LEDGER: Ledger = {
  acknowledged: 2_990,
  attempts: 3_000,
  failed: 6,
  unknown: 4,
  reads: 0,
  lost: [
    {
      key: "order:42:with-a-name-that-is-far-too-long-for-a-phone-and-has-no-blank-at-all-in-it",
      kind: "set",
      value: "w3-17",
      shard: 1,
      sentAt: SINCE + 20,
      acknowledgedAt: SINCE + 30,
      acknowledgedBy: "node-1",
    },
  ],
  unacknowledgedPresent: [],
  duplicated: [],
  stale: [],
  shards: [],
  errors: { CLUSTERDOWN: 6 },
  latency: { before: NO_LATENCY, during: NO_LATENCY, after: NO_LATENCY },
  redirects: {},
  endedClients: [],
  keyPrefix: "workload:",
  seed: 7,
  timeScale: 1,
  startedAt: SINCE - 1_000,
  stoppedAt: SINCE + 4_000,
};
