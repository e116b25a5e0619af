import { expect, test } from "vitest";
import { diagnose, type FailedShardState, type FailureState, type ReplicaState } from "./diagnose.ts";

function replica(changes: Partial<ReplicaState> = {}): ReplicaState {
  return {
    name: "node-3",
    isAnswering: true,
    hasNoFailoverFlag: false,
    dataAgeMs: 800,
    maxDataAgeMs: 11_000,
    reachablePrimaries: 2,
    majority: 2,
    electionCount: 0,
    ignoredClaim: undefined,
    lastDenial: undefined,
    lastObstacle: undefined,
    ...changes,
  };
}

function shard(changes: Partial<FailedShardState> = {}): FailedShardState {
  return {
    primary: "node-0",
    hasRecovered: false,
    isAnswering: false,
    suspectedBy: ["node-1", "node-2"],
    isDeclaredFailed: true,
    expectedMaxMs: 3_500,
    replicas: [replica()],
    ...changes,
  };
}

function diagnoseShard(changes: Partial<FailedShardState>, stateChanges: Partial<FailureState> = {}): string {
  return diagnose({
    withinMs: 8_000,
    nodeTimeoutMs: 1_000,
    primaries: 3,
    answeringPrimaries: 2,
    failedShards: [shard(changes)],
    ...stateChanges,
  });
}

test.each([
  ["a missing fault", diagnoseShard({}, { failedShards: [] }), /^No primary failed/],
  [
    "a short fault",
    diagnoseShard({ hasRecovered: true }),
    /^node-0 was unhealthy only for a moment .* 1000 ms/,
  ],
  [
    "a missing replica",
    diagnoseShard({ replicas: [], expectedMaxMs: Number.POSITIVE_INFINITY }),
    /^node-0 has no replica/,
  ],
  [
    "a replica that does not answer",
    diagnoseShard({ replicas: [replica({ isAnswering: false })] }),
    /^No replica of node-0 answers \(node-3\)/,
  ],
  [
    "a replica with failover disabled",
    diagnoseShard({ replicas: [replica({ hasNoFailoverFlag: true })] }),
    /^node-3 cannot take over because cluster-replica-no-failover is set/,
  ],
  [
    "votes of an earlier election counted again",
    diagnoseShard({ replicas: [replica({ ignoredClaim: { epoch: 10, newerEpoch: 11 } })] }),
    /^node-3 promoted itself with config epoch 10, .* node-0 has the newer epoch 11\. .* Wait 2000 ms/,
  ],
  [
    "a missing majority of the primaries",
    diagnoseShard({ isDeclaredFailed: false }, { answeringPrimaries: 1 }),
    /^Only 1 of 3 primaries answers, but 2 must agree/,
  ],
  [
    "a replica that is cut off",
    diagnoseShard({ replicas: [replica({ reachablePrimaries: 1 })] }),
    /^node-3 cannot reach a majority of the primaries, whose votes are needed/,
  ],
  [
    "a replica whose data is too old",
    diagnoseShard({ replicas: [replica({ dataAgeMs: 12_000 })] }),
    /^node-3 lost the connection .* too long ago .*\(about 12000 ms ago; at most 11000 ms are allowed\).*validity-factor/,
  ],
  [
    "a replica that logs that its data is too old",
    diagnoseShard({
      replicas: [
        replica({
          dataAgeMs: undefined,
          lastObstacle: "Disconnected from master for longer than allowed. Please check …",
        }),
      ],
    }),
    /^node-3 lost the connection to the primary too long ago to take over\. The limit/,
  ],
  [
    "a timeout that is too short",
    diagnoseShard({ isDeclaredFailed: false }, { withinMs: 2_000 }),
    /^The timeout was too short: .* 3500 ms, but the timeout was 2000 ms/,
  ],
  [
    "a primary that is only suspected",
    diagnoseShard({ isDeclaredFailed: false, suspectedBy: ["node-1"] }),
    /^node-0 is suspected by node-1, but no majority/,
  ],
  [
    "a primary that only this host cannot reach",
    diagnoseShard({ isDeclaredFailed: false, suspectedBy: [] }),
    /^node-0 does not answer, but no node suspects it/,
  ],
  [
    "denied votes",
    diagnoseShard({
      replicas: [replica({ electionCount: 2, lastDenial: "its master is up (logged by node-1)" })],
    }),
    /^node-3 started an election .* Last denied vote: its master is up \(logged by node-1\)/,
  ],
  [
    "an election that did not start",
    diagnoseShard({}),
    /^node-0 was declared failed, but node-3 did not start an election\.$/,
  ],
])("diagnoses %s", (_, sentence, expected) => {
  expect(sentence).toMatch(expected);
});

test("the diagnosis names the reason that a replica logged", () => {
  const lastObstacle = "Waiting the delay before I can start a new failover.";
  expect(diagnoseShard({ replicas: [replica({ lastObstacle })] })).toContain(
    "did not start an election: Waiting the delay",
  );
});

test("a problem of one replica is not named if another replica could take over", () => {
  expect(
    diagnoseShard({ replicas: [replica({ hasNoFailoverFlag: true }), replica({ name: "node-6" })] }),
  ).toContain("did not start an election");
});

test("a reason that two shards share is named only once", () => {
  const sameReason = [shard(), shard({ primary: "node-1" })];
  expect(
    diagnoseShard({}, { failedShards: sameReason, answeringPrimaries: 1 }).match(/Only 1 of 3/g),
  ).toHaveLength(1);
  const differentReasons = [shard({ replicas: [] }), shard({ primary: "node-1", replicas: [] })];
  expect(diagnoseShard({}, { failedShards: differentReasons })).toBe(
    "node-0 has no replica that could take over. node-1 has no replica that could take over.",
  );
});
