import { expect, test } from "vitest";
import { diagnose, type Evidence, type ReplicaEvidence, type ShardEvidence } from "./diagnose.ts";

function replica(changes: Partial<ReplicaEvidence> = {}): ReplicaEvidence {
  return {
    name: "node-3",
    answers: true,
    noFailover: false,
    dataAgeMs: 800,
    allowedAgeMs: 11_000,
    primariesReached: 2,
    primariesNeeded: 2,
    elections: 0,
    ignoredClaim: undefined,
    denied: undefined,
    unable: undefined,
    ...changes,
  };
}

function shard(changes: Partial<ShardEvidence> = {}): ShardEvidence {
  return {
    primary: "node-0",
    well: false,
    answers: false,
    suspectedBy: ["node-1", "node-2"],
    declaredDead: true,
    expectedMaxMs: 3_500,
    replicas: [replica()],
    ...changes,
  };
}

function reason(changes: Partial<ShardEvidence>, rest: Partial<Evidence> = {}): string {
  return diagnose({
    withinMs: 8_000,
    nodeTimeoutMs: 1_000,
    primaries: 3,
    primariesLeft: 2,
    troubled: [shard(changes)],
    ...rest,
  });
}

test.each([
  ["no fault at all", reason({}, { troubled: [] }), /^No primary was in trouble/],
  ["a fault that was too short", reason({ well: true }), /^node-0 was away for a moment .* 1000 ms/],
  ["no replica", reason({ replicas: [], expectedMaxMs: Number.POSITIVE_INFINITY }), /^node-0 has no replica/],
  [
    "a replica that is away too",
    reason({ replicas: [replica({ answers: false })] }),
    /^node-3, .* is away too/,
  ],
  [
    "failover turned off",
    reason({ replicas: [replica({ noFailover: true })] }),
    /^node-3 may not take over: cluster-replica-no-failover/,
  ],
  [
    "votes of an earlier election that were counted again",
    reason({ replicas: [replica({ ignoredClaim: { epoch: 10, newerEpoch: 11 } })] }),
    /^node-3 promoted itself with config epoch 10, .* node-0 had epoch 11: .* Let 2000 ms pass/,
  ],
  [
    "no majority",
    reason({ declaredDead: false }, { primariesLeft: 1 }),
    /^Only 1 of 3 primaries answers, and 2 would have to agree/,
  ],
  [
    "a replica that is cut off",
    reason({ replicas: [replica({ primariesReached: 1 })] }),
    /^node-3 cannot reach a majority of the primaries, whose votes it would need/,
  ],
  [
    "a replica that is too old by its own count",
    reason({ replicas: [replica({ dataAgeMs: 12_000 })] }),
    /^node-3 had lost the primary too long ago .*\(about 12000 ms, and 11000 ms are allowed\).*validity-factor/,
  ],
  [
    "a replica that says that it is too old",
    reason({
      replicas: [
        replica({
          dataAgeMs: undefined,
          unable: "Disconnected from master for longer than allowed. Please check …",
        }),
      ],
    }),
    /^node-3 had lost the primary too long ago to take over: see/,
  ],
  [
    "too little time",
    reason({ declaredDead: false }, { withinMs: 2_000 }),
    /^The time was too short: .* 3500 ms, and 2000 ms/,
  ],
  [
    "only suspected",
    reason({ declaredDead: false, suspectedBy: ["node-1"] }),
    /^node-0 is suspected by node-1, but a majority/,
  ],
  [
    "only we cannot reach it",
    reason({ declaredDead: false, suspectedBy: [] }),
    /^node-0 does not answer, but no node suspects it/,
  ],
  [
    "votes refused",
    reason({ replicas: [replica({ elections: 2, denied: "node-1 said: its master is up" })] }),
    /^node-3 stood for election .* last refusal: node-1 said: its master is up/,
  ],
  [
    "nothing that speaks against it",
    reason({}),
    /^node-0 was declared dead, and node-3 did not stand for election\.$/,
  ],
])("%s", (_, sentence, expected) => {
  expect(sentence).toMatch(expected);
});

test("waiting for its turn or for votes is not what keeps a replica from taking over", () => {
  const unable = "Waiting the delay before I can start a new failover.";
  expect(reason({ replicas: [replica({ unable })] })).toContain(
    "did not stand for election: Waiting the delay",
  );
});

test("one replica that could have is enough for another reason", () => {
  expect(reason({ replicas: [replica({ noFailover: true }), replica({ name: "node-6" })] })).toContain(
    "did not stand for election",
  );
});

test("what two shards lack alike is said once, what they lack each is said for each", () => {
  const both = [shard(), shard({ primary: "node-1" })];
  expect(reason({}, { troubled: both, primariesLeft: 1 }).match(/Only 1 of 3/g)).toHaveLength(1);
  const each = [shard({ replicas: [] }), shard({ primary: "node-1", replicas: [] })];
  expect(reason({}, { troubled: each })).toBe(
    "node-0 has no replica that could take over. node-1 has no replica that could take over.",
  );
});
