import { AssertionError } from "node:assert";
import { describe, expect, test } from "vitest";
import { failoverWith, shardFailoverWith } from "../failover/failover.fixture.ts";
import { clusterWith } from "../view/cluster.fixture.ts";
import { ledgerWith, lostWrites, shardWith } from "../workload/ledger.fixture.ts";
import { assertAgree, assertCoversAllSlots, assertHealthy } from "./assert-cluster.ts";
import { assertPromotedReplica, assertRecoveredWithin } from "./assert-failover.ts";
import {
  assertLostAtMost,
  assertLostNoAcknowledgedWrites,
  assertUnavailableAtMost,
} from "./assert-ledger.ts";

/** What was thrown, by a call or a promise. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}

const REFUSED = expect.objectContaining({ code: "INVALID_ARGUMENT" });

test("what holds passes", async () => {
  await assertHealthy(clusterWith());
  await assertAgree(clusterWith());
  await assertCoversAllSlots(clusterWith());
  assertPromotedReplica(failoverWith());
  assertPromotedReplica(failoverWith(), { withinMs: 1501 });
  assertRecoveredWithin(failoverWith(), 1515);
  assertLostNoAcknowledgedWrites(ledgerWith());
  assertLostAtMost(ledgerWith({ lost: lostWrites(2) }), 2);
  assertUnavailableAtMost(ledgerWith(), 0);
});

test.each([
  ["assertHealthy", () => assertHealthy(clusterWith({ silent: [1] })), "a healthy cluster"],
  ["assertAgree", () => assertAgree(clusterWith({ slots: "0" })), "nodes that agree"],
  ["assertCoversAllSlots", () => assertCoversAllSlots(clusterWith({ silent: [0] })), "all slots covered"],
  ["assertPromotedReplica", () => assertPromotedReplica(failoverWith(), { withinMs: 9 }), "9 ms or less"],
  ["assertRecoveredWithin", () => assertRecoveredWithin(failoverWith(), 9), "9 ms or less"],
  [
    "assertLostNoAcknowledgedWrites",
    () => assertLostNoAcknowledgedWrites(ledgerWith({ lost: lostWrites(1) })),
    "0 lost",
  ],
  ["assertLostAtMost", () => assertLostAtMost(ledgerWith({ lost: lostWrites(3) }), 2), "2 lost, or fewer"],
  [
    "assertUnavailableAtMost",
    () => assertUnavailableAtMost(ledgerWith({ shards: [shardWith(0, 9, 700)] }), 699),
    "unavailable for 699 ms or less",
  ],
])(
  "%s throws node's AssertionError, with what was expected, from the caller's line",
  async (name, call, expected) => {
    const error = await thrownBy(call);
    expect(error).toBeInstanceOf(AssertionError);
    expect(error).toMatchObject({ operator: name, expected, actual: expect.any(String) });
    const frames = (error as AssertionError).stack?.split("\n").filter((line) => /^ {4}at /.test(line));
    const [first] = frames?.filter((line) => !line.includes("node:internal")) ?? [];
    expect(first).toContain("assertions.test.ts");
  },
);

test("the message is the finding, and then the evidence", () => {
  expect(() => assertRecoveredWithin(failoverWith(), 1_000)).toThrow(
    /^A write to the shard of node-1 was acknowledged only after 1515 ms; .*\n.*\n\nnode-1 → node-5 {3}slots/,
  );
});

test("every shard counts, not only the first", () => {
  const slow = shardFailoverWith({}, { electedMs: 5_000, servingMs: 5_050, recoveredMs: 5_100 });
  const failover = failoverWith({ others: [slow] });
  expect(() => assertPromotedReplica(failover, { withinMs: 4_999 })).toThrow("5000 ms");
  expect(() => assertRecoveredWithin(failover, 5_099)).toThrow("5100 ms");
  assertPromotedReplica(failover, { withinMs: 5_000 });
  assertRecoveredWithin(failover, 5_100);
});

test("a shard that kept its primary is no promotion", () => {
  const promoted = { name: "node-1", id: "a".repeat(40) };
  expect(() => assertPromotedReplica(failoverWith({ promoted }))).toThrow("node-1 is primary again");
});

test("a manual failover is a promotion, and without logs the views tell when", () => {
  const manual = shardFailoverWith({ manual: true }, { electedMs: undefined, servingMs: 40 });
  assertPromotedReplica(failoverWith(manual), { withinMs: 40 });
  expect(() => assertPromotedReplica(failoverWith(manual), { withinMs: 39 })).toThrow("after 40 ms");
});

describe("evidence that proves nothing is refused:", () => {
  test.each([
    [
      "a ledger without acknowledged writes lost none",
      () => assertLostNoAcknowledgedWrites(ledgerWith({ acknowledged: 0 })),
      /^This proves nothing: no write was acknowledged, so none could be lost\.\n\nwrites/,
    ],
    [
      "nor any number of them",
      () => assertLostAtMost(ledgerWith({ acknowledged: 0 }), 5),
      /no write was acknowledged/,
    ],
    [
      "a shard that nobody wrote to",
      () => assertUnavailableAtMost(ledgerWith({ shards: [shardWith(0), shardWith(1, 0)] }), 5),
      /nobody wrote to shard 1\./,
    ],
    [
      "a shard that was still away at the end",
      () => {
        const away = { ...shardWith(1, 9, 300), firstSuccessAfter: undefined };
        assertUnavailableAtMost(ledgerWith({ shards: [away] }), 1_000);
      },
      /shard 1 took no writes any more, for 300 ms so far, when the writers stopped/,
    ],
    [
      "a shard that was away before, came back, and was away again at the end",
      () => {
        const away = { ...shardWith(1, 9, 1_500), unavailableAtEndMs: 1_000 };
        assertUnavailableAtMost(ledgerWith({ shards: [away] }), 1_600);
      },
      /shard 1 took no writes any more, for 1000 ms so far/,
    ],
    [
      "a shard that had just gone away at the end",
      () =>
        assertUnavailableAtMost(ledgerWith({ shards: [{ ...shardWith(1), unavailableAtEndMs: 0.4 }] }), 5),
      /shard 1 took no writes any more, for 1 ms so far/,
    ],
    [
      "a ledger without shards",
      () => assertUnavailableAtMost(ledgerWith({ shards: [] }), 5),
      /there is no shard/,
    ],
    [
      "a promotion that nobody saw",
      () => {
        const unseen = shardFailoverWith({}, { electedMs: undefined, servingMs: undefined });
        assertPromotedReplica(failoverWith(unseen), { withinMs: 5_000 });
      },
      /no moment is known for "node-5 was promoted in place of node-1"/,
    ],
    [
      "an agreement that nobody saw",
      () => assertRecoveredWithin(failoverWith(shardFailoverWith({}, { agreedMs: undefined })), 5_000),
      /no moment is known for "All nodes agreed about node-5"/,
    ],
    [
      "one node that agrees with itself",
      () => assertAgree(clusterWith({ silent: [0, 1] })),
      /fewer than two nodes answer/,
    ],
  ])("%s", async (_, call, reason) => {
    const error = await thrownBy(call);
    expect(error).toEqual(REFUSED);
    expect(error).toHaveProperty("message", expect.stringMatching(reason));
  });

  test("a shard that was away for too long is enough, also where nothing is known of another", () => {
    const ledger = ledgerWith({ shards: [shardWith(0, 0), shardWith(1, 9, 700)] });
    expect(() => assertUnavailableAtMost(ledger, 699)).toThrow(AssertionError);
  });

  test("nor is a time at the end that is over the limit, whatever the longest one before", () => {
    const away = { ...shardWith(1, 9, 500), unavailableAtEndMs: 1_601 };
    expect(() => assertUnavailableAtMost(ledgerWith({ shards: [away] }), 1_600)).toThrow(
      "Shard 1 took no writes for 1601 ms; at most 1600 ms was expected.",
    );
  });
});

describe("what is no evidence at all is refused:", () => {
  const failover = failoverWith();
  const ledger = ledgerWith();
  test.each([
    ["no cluster", () => assertHealthy(undefined as never), "A started cluster was expected; got undefined."],
    ["a view's imitation", () => assertAgree({ view: () => ({}) } as never), "got another object"],
    ["a ledger", () => assertPromotedReplica(ledger as never), "A failover, as observeFailover() gives it,"],
    [
      "a failover",
      () => assertLostAtMost(failover as never, 0),
      "A ledger, as a workload's stop() gives it,",
    ],
    [
      "a promise",
      () => assertLostNoAcknowledgedWrites(Promise.resolve(ledger) as never),
      "got a promise that was not awaited",
    ],
    ["an instance", () => assertRecoveredWithin(new Map() as never, 1), "got an instance of Map"],
    [
      "times that are no numbers",
      () => assertRecoveredWithin(failoverWith(shardFailoverWith({}, { agreedMs: Number.NaN })), 1),
      "A failover",
    ],
    [
      "NaN",
      () => assertRecoveredWithin(failover, Number.NaN),
      "milliseconds, 0 or more, was expected; got NaN",
    ],
    ["no limit", () => assertUnavailableAtMost(ledger, undefined as never), "got undefined"],
    ["an endless limit", () => assertUnavailableAtMost(ledger, Number.POSITIVE_INFINITY), "got Infinity"],
    ["a negative time", () => assertPromotedReplica(failover, { withinMs: -1 }), "withinMs: a number"],
    [
      "a negative count",
      () => assertLostAtMost(ledger, -1),
      "a whole number, 0 or more, was expected; got -1",
    ],
    ["half a write", () => assertLostAtMost(ledger, 0.5), "got 0.5"],
    [
      "a misspelt limit",
      () => assertPromotedReplica(failover, { within: 5 } as never),
      "{ withinMs }, or nothing, was expected",
    ],
    ["a bare limit", () => assertPromotedReplica(failover, 5 as never), "got 5"],
  ])("%s", async (_, call, message) => {
    const error = await thrownBy(call);
    expect(error).toEqual(REFUSED);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
  });
});

test("a failover that contradicts itself proves nothing", () => {
  const shifted = failoverWith(shardFailoverWith({}, { recoveredMs: 300 }));
  expect(() => assertRecoveredWithin(shifted, 10_000)).toThrow(
    "This proves nothing: the failover contradicts itself. electedMs of node-5 (1501) is later than recoveredMs (300)",
  );
  expect(() => assertPromotedReplica(shifted)).toThrow("contradicts itself");
});
