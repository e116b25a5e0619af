import { expect, test } from "vitest";
import { formatLedger } from "./format-ledger.ts";
import { ledgerWith, lostWrites, shardWith } from "./ledger.fixture.ts";

test("formats a ledger without findings in a few lines", () => {
  expect(formatLedger(ledgerWith())).toMatchInlineSnapshot(`
    "writes       3000: 2990 acknowledged, 6 failed, 4 unknown
    reads        0
    time         4000 ms   seed 7
    lost         0
    stale        0
    duplicated   0
    not acknowledged, but present   0
    unavailable
      shard 0  0 ms  1000 acknowledged
      shard 1  0 ms  1000 acknowledged
      shard 2  0 ms   990 acknowledged
    errors       none
    redirects    none
    latency
      before  2990 writes  p50 0.3 ms  p99 2.5 ms  max 18.0 ms
      during     0 writes
      after      0 writes"
  `);
});

test("formats findings with key, shard and times", () => {
  const ledger = ledgerWith({
    reads: 120,
    lost: lostWrites(2),
    stale: [
      {
        key: "workload:register:{t1}",
        kind: "register",
        value: "w3-12",
        shard: 1,
        found: "w3-9",
        seen: "read",
        acknowledgedAt: 1_700_000_000_480,
        seenAt: 1_700_000_002_200,
      },
      {
        key: "workload:counter:{t1}",
        kind: "counter",
        value: "7",
        shard: 1,
        found: "absent",
        seen: "read-back",
        acknowledgedAt: 1_700_000_000_490,
        seenAt: 1_700_000_004_000,
      },
    ],
    duplicated: [{ key: "workload:append:{t7}", kind: "append", value: "w1-40", shard: 0, surplus: 1 }],
    unacknowledgedPresent: [
      { key: "workload:append:{t7}", kind: "append", value: "w1-41", shard: 0, outcome: "unknown" },
      { key: "workload:append:{t8}", kind: "append", value: "w1-43", shard: 0, outcome: "unknown" },
      { key: "workload:member:{t8}", kind: "member", value: "w1-44", shard: 0, outcome: "failed" },
    ],
    shards: [
      shardWith(0),
      shardWith(1, 990, 1_612.4),
      { ...shardWith(2, 0, 3_400), lastSuccessBefore: undefined, firstSuccessAfter: undefined },
    ],
    errors: { closed: 4, CLUSTERDOWN: 16 },
    latency: {
      before: { count: 400, p50Ms: 0.31, p99Ms: 2.5, maxMs: 18.04 },
      during: { count: 800, p50Ms: 0.4, p99Ms: 1_600, maxMs: 1_612.4 },
      after: { count: 790, p50Ms: 0.3, p99Ms: 2, maxMs: 3 },
    },
  });
  expect(formatLedger(ledger)).toMatchInlineSnapshot(`
    "writes       3000: 2990 acknowledged, 6 failed, 4 unknown
    reads        120
    time         4000 ms   seed 7
    lost         2
      w3-1  workload:append:{t0}  shard 1  acknowledged +1 ms   by node-1
      w3-2  workload:append:{t1}  shard 1  acknowledged +11 ms  by node-1
    stale        2
      w3-12  workload:register:{t1}  shard 1  acknowledged +480 ms  a read +2200 ms found w3-9 instead
          7  workload:counter:{t1}   shard 1  acknowledged +490 ms  the read-back found absent instead
    duplicated   1
      w1-40  workload:append:{t7}  shard 0  1 too many
    not acknowledged, but present   2 unknown, 1 failed
    unavailable
      shard 0     0 ms  1000 acknowledged
      shard 1  1613 ms   990 acknowledged  last write +500 ms, next +2112 ms
      shard 2  3400 ms     0 acknowledged  no write before, no write after
    errors       CLUSTERDOWN 16, closed 4
    redirects    none
    latency
      before  400 writes  p50 0.3 ms  p99 2.5 ms     max 18.0 ms
      during  800 writes  p50 0.4 ms  p99 1600.0 ms  max 1612.4 ms
      after   790 writes  p50 0.3 ms  p99 2.0 ms     max 3.0 ms"
  `);
});

test("formats ended clients, shards that are down at the end, and acknowledging nodes", () => {
  const text = formatLedger(
    ledgerWith({
      shards: [
        { ...shardWith(0, 100, 700), unavailableAtEndMs: 80.2 },
        { ...shardWith(1, 30), acknowledgedBy: { "node-1": 20, "node-4": 10 } },
        { ...shardWith(2, 9, 300), firstSuccessAfter: undefined, unavailableAtEndMs: 300 },
      ],
      endedClients: [{ endedAt: 1_700_000_001_200, writers: 8 }],
    }),
  );
  expect(text.slice(text.indexOf("unavailable"), text.indexOf("errors"))).toMatchInlineSnapshot(`
    "unavailable
      shard 0  700 ms                        100 acknowledged  last write +500 ms, next +1200 ms; down at the end, for 81 ms
      shard 1    0 ms  30 acknowledged (node-1 20, node-4 10)
      shard 2  300 ms                          9 acknowledged  last write +500 ms, no write after
    client ended +1200 ms: 8 writers stopped
    "
  `);
});

test("formats ten findings and the number of further ones", () => {
  const lines = formatLedger(ledgerWith({ lost: lostWrites(35) })).split("\n");
  expect(lines).toContain("lost         35");
  expect(lines.filter((line) => line.includes("workload:append"))).toHaveLength(10);
  expect(lines).toContain("  and 25 more");
});
