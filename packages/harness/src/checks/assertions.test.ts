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

/** Returns what a call threw, or what its promise was rejected with. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}

const INVALID_ARGUMENT = expect.objectContaining({ code: "INVALID_ARGUMENT" });

test("passes if the data fulfil the assertion", async () => {
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
  ["assertLostAtMost", () => assertLostAtMost(ledgerWith({ lost: lostWrites(3) }), 2), "2 lost or fewer"],
  [
    "assertUnavailableAtMost",
    () => assertUnavailableAtMost(ledgerWith({ shards: [shardWith(0, 9, 700)] }), 699),
    "unavailable for 699 ms or less",
  ],
])(
  "%s throws the AssertionError of node:assert from the line of the caller",
  async (name, call, expected) => {
    const error = await thrownBy(call);
    expect(error).toBeInstanceOf(AssertionError);
    expect(error).toMatchObject({ operator: name, expected, actual: expect.any(String) });
    const frames = (error as AssertionError).stack?.split("\n").filter((line) => /^ {4}at /.test(line));
    const [first] = frames?.filter((line) => !line.includes("node:internal")) ?? [];
    expect(first).toContain("assertions.test.ts");
  },
);

test("puts the result into the message, and then the evidence", () => {
  expect(() => assertRecoveredWithin(failoverWith(), 1_000)).toThrow(
    /^A write to the shard of node-1 was acknowledged after 1515 ms: .*\n.*\n\nnode-1 → node-5 {3}slots/,
  );
});

test("checks every shard of a failover, not only the first", () => {
  const slow = shardFailoverWith({}, { electedMs: 5_000, servingMs: 5_050, recoveredMs: 5_100 });
  const failover = failoverWith({ others: [slow] });
  expect(() => assertPromotedReplica(failover, { withinMs: 4_999 })).toThrow("5000 ms");
  expect(() => assertRecoveredWithin(failover, 5_099)).toThrow("5100 ms");
  assertPromotedReplica(failover, { withinMs: 5_000 });
  assertRecoveredWithin(failover, 5_100);
});

test("fails if the old primary is primary again at the end", () => {
  const promoted = { name: "node-1", id: "a".repeat(40) };
  expect(() => assertPromotedReplica(failoverWith({ promoted }))).toThrow("node-1 is primary again");
});

test("counts a manual failover, and uses servingMs if electedMs is unknown", () => {
  const manual = shardFailoverWith({ manual: true }, { electedMs: undefined, servingMs: 40 });
  assertPromotedReplica(failoverWith(manual), { withinMs: 40 });
  expect(() => assertPromotedReplica(failoverWith(manual), { withinMs: 39 })).toThrow("after 40 ms");
});

describe("throws INVALID_ARGUMENT if the data are inconclusive:", () => {
  test.each([
    [
      "no loss in a ledger without acknowledged writes",
      () => assertLostNoAcknowledgedWrites(ledgerWith({ acknowledged: 0 })),
      /^The check is inconclusive: no write was acknowledged, so none could be lost\.\n\nwrites/,
    ],
    [
      "few losses in a ledger without acknowledged writes",
      () => assertLostAtMost(ledgerWith({ acknowledged: 0 }), 5),
      /no write was acknowledged/,
    ],
    [
      "a shard without writes",
      () => assertUnavailableAtMost(ledgerWith({ shards: [shardWith(0), shardWith(1, 0)] }), 5),
      /no writer wrote to shard 1\./,
    ],
    [
      "a shard that was unavailable at the end",
      () => {
        const unavailable = { ...shardWith(1, 9, 300), firstSuccessAfter: undefined };
        assertUnavailableAtMost(ledgerWith({ shards: [unavailable] }), 1_000);
      },
      /shard 1 had accepted no writes for 300 ms when the writers stopped/,
    ],
    [
      "a shard that was unavailable twice, the second time at the end",
      () => {
        const unavailable = { ...shardWith(1, 9, 1_500), unavailableAtEndMs: 1_000 };
        assertUnavailableAtMost(ledgerWith({ shards: [unavailable] }), 1_600);
      },
      /shard 1 had accepted no writes for 1000 ms/,
    ],
    [
      "a shard that was unavailable for less than 1 ms at the end",
      () =>
        assertUnavailableAtMost(ledgerWith({ shards: [{ ...shardWith(1), unavailableAtEndMs: 0.4 }] }), 5),
      /shard 1 had accepted no writes for 1 ms/,
    ],
    [
      "a ledger without shards",
      () => assertUnavailableAtMost(ledgerWith({ shards: [] }), 5),
      /the ledger has no shards/,
    ],
    [
      "a promotion at an unknown time",
      () => {
        const unseen = shardFailoverWith({}, { electedMs: undefined, servingMs: undefined });
        assertPromotedReplica(failoverWith(unseen), { withinMs: 5_000 });
      },
      /the time is unknown for "node-5 was promoted in place of node-1"/,
    ],
    [
      "an agreement at an unknown time",
      () => assertRecoveredWithin(failoverWith(shardFailoverWith({}, { agreedMs: undefined })), 5_000),
      /the time is unknown for "All nodes agreed about node-5"/,
    ],
    [
      "a single node that answers",
      () => assertAgree(clusterWith({ silent: [0, 1] })),
      /fewer than two nodes answered/,
    ],
  ])("%s", async (_, call, reason) => {
    const error = await thrownBy(call);
    expect(error).toEqual(INVALID_ARGUMENT);
    expect(error).toHaveProperty("message", expect.stringMatching(reason));
  });

  test("fails for one shard over the limit, also if another shard is inconclusive", () => {
    const ledger = ledgerWith({ shards: [shardWith(0, 0), shardWith(1, 9, 700)] });
    expect(() => assertUnavailableAtMost(ledger, 699)).toThrow(AssertionError);
  });

  test("fails if only the time at the end is over the limit", () => {
    const unavailable = { ...shardWith(1, 9, 500), unavailableAtEndMs: 1_601 };
    expect(() => assertUnavailableAtMost(ledgerWith({ shards: [unavailable] }), 1_600)).toThrow(
      "Shard 1 accepted no writes for 1601 ms: expected at most 1600 ms.",
    );
  });
});

describe("throws INVALID_ARGUMENT for invalid arguments:", () => {
  const failover = failoverWith();
  const ledger = ledgerWith();
  test.each([
    [
      "undefined instead of a cluster",
      () => assertHealthy(undefined as never),
      "Cluster: expected a started cluster, got undefined.",
    ],
    [
      "an object whose view is invalid",
      () => assertAgree({ view: () => ({}) } as never),
      "got another object",
    ],
    [
      "a ledger instead of a failover",
      () => assertPromotedReplica(ledger as never),
      "Failover: expected the result of observeFailover(), got",
    ],
    [
      "a failover instead of a ledger",
      () => assertLostAtMost(failover as never, 0),
      "Ledger: expected the result of stop() of a workload, got",
    ],
    [
      "a promise instead of a ledger",
      () => assertLostNoAcknowledgedWrites(Promise.resolve(ledger) as never),
      "got a promise that was not awaited",
    ],
    [
      "an instance of a class instead of a failover",
      () => assertRecoveredWithin(new Map() as never, 1),
      "got an instance of Map",
    ],
    [
      "a failover with a time that is not a number",
      () => assertRecoveredWithin(failoverWith(shardFailoverWith({}, { agreedMs: Number.NaN })), 1),
      "Failover: expected",
    ],
    [
      "a limit that is not a number",
      () => assertRecoveredWithin(failover, Number.NaN),
      "Limit: expected a number of milliseconds, 0 or more, got NaN.",
    ],
    ["a missing limit", () => assertUnavailableAtMost(ledger, undefined as never), "got undefined"],
    ["an infinite limit", () => assertUnavailableAtMost(ledger, Number.POSITIVE_INFINITY), "got Infinity"],
    [
      "a negative time",
      () => assertPromotedReplica(failover, { withinMs: -1 }),
      "withinMs: expected a number",
    ],
    [
      "a negative count",
      () => assertLostAtMost(ledger, -1),
      "Limit: expected an integer, 0 or more, got -1.",
    ],
    ["a fractional count", () => assertLostAtMost(ledger, 0.5), "got 0.5"],
    [
      "a misspelled limit",
      () => assertPromotedReplica(failover, { within: 5 } as never),
      "Limit: expected { withinMs } or nothing, got",
    ],
    ["a number instead of { withinMs }", () => assertPromotedReplica(failover, 5 as never), "got 5"],
  ])("%s", async (_, call, message) => {
    const error = await thrownBy(call);
    expect(error).toEqual(INVALID_ARGUMENT);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
  });
});

test("throws INVALID_ARGUMENT if the failover contradicts itself", () => {
  const shifted = failoverWith(shardFailoverWith({}, { recoveredMs: 300 }));
  expect(() => assertRecoveredWithin(shifted, 10_000)).toThrow(
    "The check is inconclusive: the failover contradicts itself. electedMs of node-5 (1501) is later than recoveredMs (300)",
  );
  expect(() => assertPromotedReplica(shifted)).toThrow("contradicts itself");
});
