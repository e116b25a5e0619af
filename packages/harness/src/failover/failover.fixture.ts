import type { Failover, FailoverPhases, NodeBefore, ShardFailover } from "./failover.ts";

const NODES: readonly NodeBefore[] = [0, 1, 2, 3, 4, 5].map((index) => ({
  name: `node-${index}`,
  roleBefore: index < 3 ? "primary" : "replica",
  shard: [0, 1, 2, 2, 0, 1][index],
}));

/** Returns a failover: node-5 replaced node-1 after 1501 ms, and the shard had recovered after 1515 ms. */
export function failoverWith(changes: Partial<Failover> = {}): Failover {
  return {
    ...shardFailoverWith(),
    since: 1_700_000_000_000,
    timeScale: 1,
    clockErrorMs: 0,
    nodes: NODES,
    others: [],
    events: [],
    ...changes,
  };
}

/** Returns the failover of one shard. */
export function shardFailoverWith(
  changes: Partial<ShardFailover> = {},
  phases: Partial<FailoverPhases> = {},
): ShardFailover {
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
      ...phases,
    },
    expected: {
      minMs: 1000,
      maxMs: 2500,
      serving: { minMs: 1000, maxMs: 2600 },
      parts: {
        suspicion: { minMs: 500, maxMs: 950 },
        agreement: { minMs: 0, maxMs: 350 },
        delay: { minMs: 500, maxMs: 1000 },
        election: { minMs: 0, maxMs: 200 },
      },
    },
    ...changes,
  };
}
