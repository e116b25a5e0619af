import { describe, test } from "vitest";
import { failoverWith, shardFailoverWith } from "../failover/failover.fixture.ts";
import { clusterWith } from "../view/cluster.fixture.ts";
import { expect } from "../vitest.ts";
import { ledgerWith, lostWrites, shardWith } from "../workload/ledger.fixture.ts";

describe("a cluster", () => {
  test("is checked by each matcher and its negation", async () => {
    await expect(clusterWith()).toBeHealthy();
    await expect(clusterWith()).toAgree();
    await expect(clusterWith()).toCoverAllSlots();
    await expect(clusterWith({ silent: [1] })).not.toBeHealthy();
    await expect(clusterWith({ slots: "5461-10000" })).not.toAgree();
    await expect(clusterWith({ silent: [1] })).not.toCoverAllSlots();
  });

  test("is described with all problems and views if it is not healthy", async () => {
    await expect(
      expect(clusterWith({ silent: [1] })).toBeHealthy(),
    ).rejects.toThrowErrorMatchingInlineSnapshot(`
      [Error: The cluster is not healthy.

      Problems:
        node-0 reports cluster_state:fail
        node-1 returned no view: connection refused
        node-2 reports cluster_state:fail
        node-0 flags node-1 as fail
        node-2 flags node-1 as fail
        no node that answers owns the slots 5461-10922
      Views of the nodes:
        node-0: primary of 0-5460, epoch 1 of 3, state fail, flags node-1 fail
        node-1: silent (connection refused)
        node-2: primary of 10923-16383, epoch 3 of 3, state fail, flags node-1 fail]
    `);
  });

  test("is described with all views if the nodes disagree", async () => {
    await expect(
      expect(clusterWith({ slots: "5461-10000" })).toAgree(),
    ).rejects.toThrowErrorMatchingInlineSnapshot(`
      [Error: The nodes do not agree.

      Problems:
        the views differ on the slots of node-1: node-0, node-1 report 5461-10922; node-2 reports 5461-10000
      Views of the nodes:
        node-0: primary of 0-5460, epoch 1 of 3, state ok, flags no node
        node-1: primary of 5461-10922, epoch 2 of 3, state ok, flags no node
        node-2: primary of 10923-16383, epoch 3 of 3, state ok, flags no node]
    `);
  });

  test("does not cover the slots of a dead primary without a successor", async () => {
    await expect(
      expect(clusterWith({ silent: [1] })).toCoverAllSlots(),
    ).rejects.toThrowErrorMatchingInlineSnapshot(`
      [Error: The cluster does not cover all slots.

      Problems:
        node-0 reports cluster_state:fail
        node-1 returned no view: connection refused
        node-2 reports cluster_state:fail
        node-0 flags node-1 as fail
        node-2 flags node-1 as fail
        no node that answers owns the slots 5461-10922
      Views of the nodes:
        node-0: primary of 0-5460, epoch 1 of 3, state fail, flags node-1 fail
        node-1: silent (connection refused)
        node-2: primary of 10923-16383, epoch 3 of 3, state fail, flags node-1 fail]
    `);
  });

  test("is described with all views if a negated matcher fails", async () => {
    await expect(expect(clusterWith()).not.toBeHealthy()).rejects.toThrowErrorMatchingInlineSnapshot(`
      [Error: The cluster is healthy: expected the opposite.

      Views of the nodes:
        node-0: primary of 0-5460, epoch 1 of 3, state ok, flags no node
        node-1: primary of 5461-10922, epoch 2 of 3, state ok, flags no node
        node-2: primary of 10923-16383, epoch 3 of 3, state ok, flags no node]
    `);
    await expect(expect(clusterWith()).not.toAgree()).rejects.toThrow(
      "The nodes agree: expected the opposite.",
    );
    await expect(expect(clusterWith()).not.toCoverAllSlots()).rejects.toThrow(
      "The cluster covers all slots: expected the opposite.",
    );
  });

  test("can be polled until it is healthy", async () => {
    const silents = [[0], [0], []];
    await expect.poll(() => clusterWith({ silent: silents.shift() ?? [] }), { interval: 1 }).toBeHealthy();
    expect(silents).toEqual([]);
  });

  test.each(["toBeHealthy", "toAgree", "toCoverAllSlots"] as const)(
    "cannot be queried inside another matcher: %s",
    (name) => {
      const inner = (expect as unknown as Record<typeof name, () => unknown>)[name]();
      const opposite = (expect.not as unknown as Record<typeof name, () => unknown>)[name]();
      for (const matcher of [inner, opposite]) {
        expect(() => expect(clusterWith()).toEqual(matcher)).toThrow(
          `${name}() cannot be used inside another matcher`,
        );
      }
    },
  );
});

describe("a failover", () => {
  test("is checked by each matcher and its negation", () => {
    expect(failoverWith()).toHavePromotedReplica();
    expect(failoverWith()).toHavePromotedReplica({ withinMs: 1501 });
    expect(failoverWith()).not.toHavePromotedReplica({ withinMs: 1500 });
    expect(failoverWith()).toHaveRecoveredWithin(1515);
    expect(failoverWith()).not.toHaveRecoveredWithin(1514);
  });

  test("is described with its timeline if it was late", () => {
    expect(() =>
      expect(failoverWith()).toHavePromotedReplica({ withinMs: 1000 }),
    ).toThrowErrorMatchingInlineSnapshot(`
      [Error: node-5 was promoted in place of node-1 after 1501 ms: expected within 1000 ms.

      node-1 → node-5   slots 5461-10922   epoch 7 → 9
        suspected          780 ms  by node-4, expected 500–950
        declared dead      882 ms  by node-0, expected 500–1300
        election planned   891 ms  waits 592 ms, expected 500–1000
        election started  1497 ms
        votes given       1498 ms
        elected           1501 ms  node-5, expected 1000–2500
        seen to serve     1505 ms  expected 1000–2600
        all agree         1512 ms
        first write       1515 ms]
    `);
  });

  test("of several shards is described with each late step", () => {
    const other = shardFailoverWith(
      { failed: { name: "node-2" }, promoted: { name: "node-3", id: "c".repeat(40) }, shard: 2 },
      { electionStartedMs: 895, votesMs: 898, electedMs: 900, recoveredMs: 940, agreedMs: 1_700 },
    );
    expect(() =>
      expect(failoverWith({ others: [other] })).toHaveRecoveredWithin(1_513),
    ).toThrowErrorMatchingInlineSnapshot(`
      [Error: A write to the shard of node-1 was acknowledged after 1515 ms: expected within 1513 ms.
      All nodes agreed about node-3 after 1700 ms: expected within 1513 ms.

      node-1 → node-5   slots 5461-10922   epoch 7 → 9
        suspected          780 ms  by node-4, expected 500–950
        declared dead      882 ms  by node-0, expected 500–1300
        election planned   891 ms  waits 592 ms, expected 500–1000
        election started  1497 ms
        votes given       1498 ms
        elected           1501 ms  node-5, expected 1000–2500
        seen to serve     1505 ms  expected 1000–2600
        all agree         1512 ms
        first write       1515 ms

      node-2 → node-3   slots 5461-10922   epoch 7 → 9
        suspected          780 ms  by node-4, expected 500–950
        declared dead      882 ms  by node-0, expected 500–1300
        election planned   891 ms  waits 592 ms, expected 500–1000
        election started   895 ms
        votes given        898 ms
        elected            900 ms  node-3, expected 1000–2500
        first write        940 ms
        seen to serve     1505 ms  expected 1000–2600
        all agree         1700 ms]
    `);
  });

  test("is described with its timeline if a negated matcher fails", () => {
    expect(() => expect(failoverWith()).not.toHavePromotedReplica()).toThrowErrorMatchingInlineSnapshot(`
      [Error: node-5 was promoted in place of node-1: expected no promotion.

      node-1 → node-5   slots 5461-10922   epoch 7 → 9
        suspected          780 ms  by node-4, expected 500–950
        declared dead      882 ms  by node-0, expected 500–1300
        election planned   891 ms  waits 592 ms, expected 500–1000
        election started  1497 ms
        votes given       1498 ms
        elected           1501 ms  node-5, expected 1000–2500
        seen to serve     1505 ms  expected 1000–2600
        all agree         1512 ms
        first write       1515 ms]
    `);
    expect(() => expect(failoverWith()).not.toHaveRecoveredWithin(2_000)).toThrowErrorMatchingInlineSnapshot(`
      [Error: A write to the shard of node-1 was acknowledged after 1515 ms.
      All nodes agreed about node-5 after 1512 ms.
      Expected more than 2000 ms.

      node-1 → node-5   slots 5461-10922   epoch 7 → 9
        suspected          780 ms  by node-4, expected 500–950
        declared dead      882 ms  by node-0, expected 500–1300
        election planned   891 ms  waits 592 ms, expected 500–1000
        election started  1497 ms
        votes given       1498 ms
        elected           1501 ms  node-5, expected 1000–2500
        seen to serve     1505 ms  expected 1000–2600
        all agree         1512 ms
        first write       1515 ms]
    `);
  });
});

describe("a ledger", () => {
  test("is checked by each matcher and its negation", () => {
    expect(ledgerWith()).toHaveLostNoAcknowledgedWrites();
    expect(ledgerWith({ lost: lostWrites(1) })).not.toHaveLostNoAcknowledgedWrites();
    expect(ledgerWith({ lost: lostWrites(2) })).toHaveLostAtMost(2);
    expect(ledgerWith({ lost: lostWrites(3) })).not.toHaveLostAtMost(2);
    expect(ledgerWith({ shards: [shardWith(0, 9, 700)] })).toHaveBeenUnavailableAtMost(700);
    expect(ledgerWith({ shards: [shardWith(0, 9, 700.2)] })).not.toHaveBeenUnavailableAtMost(700);
  });

  test("is described with each lost write", () => {
    expect(() =>
      expect(ledgerWith({ lost: lostWrites(2) })).toHaveLostNoAcknowledgedWrites(),
    ).toThrowErrorMatchingInlineSnapshot(`
      [Error: 2 of 2990 acknowledged writes were lost: expected none.

      writes       3000: 2990 acknowledged, 6 failed, 4 unknown
      reads        0
      time         4000 ms   seed 7
      lost         2
        w3-1  workload:append:{t0}  shard 1  acknowledged +1 ms   by node-1
        w3-2  workload:append:{t1}  shard 1  acknowledged +11 ms  by node-1
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
        after      0 writes]
    `);
  });

  test("is described with the allowed number of lost writes", () => {
    expect(() => expect(ledgerWith({ lost: lostWrites(3) })).toHaveLostAtMost(1)).toThrow(
      "3 of 2990 acknowledged writes were lost: expected at most 1.",
    );
  });

  test("is described with each shard that was unavailable for too long", () => {
    const shards = [shardWith(0, 900, 1_612.4), shardWith(1), shardWith(2, 900, 2_100)];
    expect(() =>
      expect(ledgerWith({ shards })).toHaveBeenUnavailableAtMost(1_000),
    ).toThrowErrorMatchingInlineSnapshot(`
      [Error: Shard 0 accepted no writes for 1613 ms: expected at most 1000 ms.
      Shard 2 accepted no writes for 2100 ms: expected at most 1000 ms.

      writes       3000: 2990 acknowledged, 6 failed, 4 unknown
      reads        0
      time         4000 ms   seed 7
      lost         0
      stale        0
      duplicated   0
      not acknowledged, but present   0
      unavailable
        shard 0  1613 ms   900 acknowledged  last write +500 ms, next +2112 ms
        shard 1     0 ms  1000 acknowledged
        shard 2  2100 ms   900 acknowledged  last write +500 ms, next +2600 ms
      errors       none
      redirects    none
      latency
        before  2990 writes  p50 0.3 ms  p99 2.5 ms  max 18.0 ms
        during     0 writes
        after      0 writes]
    `);
  });

  test("is described completely if a negated matcher fails", () => {
    expect(() =>
      expect(ledgerWith()).not.toHaveLostNoAcknowledgedWrites(),
    ).toThrowErrorMatchingInlineSnapshot(`
      [Error: None of 2990 acknowledged writes was lost: expected at least one.

      writes       3000: 2990 acknowledged, 6 failed, 4 unknown
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
        after      0 writes]
    `);
    expect(() => expect(ledgerWith({ lost: lostWrites(1) })).not.toHaveLostAtMost(2)).toThrow(
      "1 of 2990 acknowledged writes was lost: expected more than 2.",
    );
    expect(() => expect(ledgerWith()).not.toHaveBeenUnavailableAtMost(100)).toThrow(
      "No shard was without writes for longer than 0 ms: expected more than 100 ms.",
    );
  });

  test("can be checked inside another matcher", () => {
    expect({ ledger: ledgerWith() }).toEqual({ ledger: expect.toHaveLostAtMost(0) });
    expect({ ledger: ledgerWith({ lost: lostWrites(1) }) }).toEqual({
      ledger: expect.not.toHaveLostAtMost(0),
    });
  });
});

test("a value that proves nothing fails the matcher and its negation", async () => {
  const rejected = expect.objectContaining({ code: "INVALID_ARGUMENT" });
  const empty = ledgerWith({ acknowledged: 0 });
  expect(() => expect(empty).toHaveLostNoAcknowledgedWrites()).toThrow(rejected);
  expect(() => expect(empty).not.toHaveLostNoAcknowledgedWrites()).toThrow(rejected);
  expect(() => expect(failoverWith()).not.toHaveRecoveredWithin(Number.NaN)).toThrow(rejected);
  expect(() => expect(ledgerWith() as unknown).not.toHavePromotedReplica()).toThrow(rejected);
  await expect(expect(clusterWith({ silent: [0, 1, 2] })).not.toAgree()).rejects.toThrow(rejected);
  await expect(expect({} as ReturnType<typeof clusterWith>).not.toBeHealthy()).rejects.toThrow(rejected);
});
