import { expect, test } from "vitest";
import { splitSlots } from "../plan/slots.ts";
import { measureAvailability } from "./availability.ts";
import type { WorkloadHistory } from "./workload-history.ts";
import { Keyspace } from "./keyspace.ts";
import { measureLatency } from "./latency.ts";
import { OperationLog, type Outcome } from "./operation-log.ts";

/** Returns the history of a run that wrote to shard 0 of three. Each row is `[sentAt, doneAt, outcome]`. */
function historyOf(...rows: readonly (readonly [number, number, Outcome])[]): WorkloadHistory {
  const log = new OperationLog();
  for (const [index, [sentAt, doneAt, outcome]] of rows.entries()) {
    log.append(
      "set",
      false,
      0,
      0,
      index + 1,
      0,
      sentAt,
      doneAt,
      outcome,
      outcome === "acknowledged" ? "" : "X",
    );
  }
  const keyspace = new Keyspace("t:", 3, 1, splitSlots(3));
  return {
    log,
    keyspace,
    toEpoch: (at) => at + 1000,
    keyPrefix: "t:",
    nodeNameOf: () => undefined,
    endedWriters: [],
    seed: 0,
    timeScale: 1,
    redirects: new Map(),
    startedAt: 0,
    stoppedAt: 9999,
  };
}

const shard0 = (history: WorkloadHistory) => measureAvailability(history).shards[0];

test("a shard without attempts was not unavailable", () => {
  expect(shard0(historyOf())).toMatchObject({
    acknowledged: 0,
    unavailableMs: 0,
    lastSuccessBefore: undefined,
  });
});

test("a pause without attempts does not count, however long it is", () => {
  const history = historyOf([0, 1, "acknowledged"], [5000, 5001, "acknowledged"]);
  expect(shard0(history)).toMatchObject({ acknowledged: 2, unavailableMs: 0, firstSuccessAfter: undefined });
});

test("a gap lasts from the first failed attempt to the next success", () => {
  const history = historyOf([0, 1, "acknowledged"], [10, 20, "failed"], [700, 701, "acknowledged"]);
  expect(shard0(history)).toEqual({
    shard: 0,
    acknowledged: 2,
    acknowledgedBy: { unknown: 2 },
    unavailableMs: 691,
    lastSuccessBefore: 1001,
    firstSuccessAfter: 1701,
    unavailableAtEndMs: undefined,
  });
});

test("a gap before a late reply lasts from the previous success", () => {
  const history = historyOf([0, 5, "acknowledged"], [2, 905, "acknowledged"]);
  expect(shard0(history)).toMatchObject({ unavailableMs: 900, lastSuccessBefore: 1005 });
});

test("a gap that never ends lasts to the end of the last attempt", () => {
  const history = historyOf([0, 1, "acknowledged"], [2, 1002, "unknown"], [1003, 2003, "unknown"]);
  expect(shard0(history)).toMatchObject({ unavailableMs: 2001, firstSuccessAfter: undefined });
});

test("reports a gap at the end in addition to the longest gap", () => {
  const history = historyOf(
    [0, 1, "acknowledged"],
    [2, 1502, "acknowledged"],
    [1503, 2003, "unknown"],
    [2004, 2504, "unknown"],
  );
  expect(shard0(history)).toMatchObject({
    unavailableMs: 1500,
    firstSuccessAfter: 2502,
    unavailableAtEndMs: 1001,
  });
});

test("one failed attempt is a gap at the end, however short it is", () => {
  const history = historyOf([0, 1, "acknowledged"], [2, 4, "failed"]);
  expect(shard0(history)).toMatchObject({ unavailableMs: 0, unavailableAtEndMs: 2 });
});

test("a failed attempt from before the last success is not a gap at the end", () => {
  const history = historyOf([0, 1, "acknowledged"], [15, 990, "acknowledged"], [2, 1002, "unknown"]);
  expect(shard0(history)).toMatchObject({ unavailableAtEndMs: undefined });
});

test("an attempt that hung while others succeeded is not a gap at the end", () => {
  const history = historyOf(
    [0, 1, "acknowledged"],
    [398, 399, "acknowledged"],
    [399, 400, "acknowledged"],
    [2, 1002, "unknown"],
  );
  expect(shard0(history)).toMatchObject({ unavailableAtEndMs: undefined });
});

test("an attempt that hung for long since the last success is a gap at the end", () => {
  const history = historyOf([0, 5, "acknowledged"], [4, 1004, "unknown"]);
  expect(shard0(history)).toMatchObject({ unavailableMs: 999, unavailableAtEndMs: 999 });
});

test("unknown writes without a success are a gap from the first attempt to the end", () => {
  const history = historyOf([10, 20, "unknown"]);
  expect(shard0(history)).toMatchObject({ acknowledged: 0, unavailableAtEndMs: 10 });
});

test("a shard is unavailable from the end of its clients to the end of the run", () => {
  const rows = [
    [0, 1, "acknowledged"],
    [2, 3, "acknowledged"],
  ] as const;
  const idle = { ...historyOf(...rows), stoppedAt: 5_003, endedWriters: [{ writer: 0, at: 103 }] };
  expect(shard0(idle)).toMatchObject({
    unavailableMs: 4_900,
    unavailableAtEndMs: 4_900,
    lastSuccessBefore: 1003,
    firstSuccessAfter: undefined,
  });
  // Failed attempts before the clients ended count as well.
  const failing = {
    ...historyOf(...rows, [4, 50, "unknown"]),
    stoppedAt: 5_003,
    endedWriters: [{ writer: 0, at: 50 }],
  };
  expect(shard0(failing)).toMatchObject({ unavailableAtEndMs: 4_999 });
});

test("a shard is not unavailable if one of two clients has ended", () => {
  const history = {
    ...historyOf([0, 1, "acknowledged"], [2, 3, "acknowledged"]),
    keyspace: new Keyspace("t:", 6, 2, splitSlots(3)),
    endedWriters: [{ writer: 1, at: 2 }],
  };
  expect(shard0(history)).toMatchObject({ unavailableMs: 0, unavailableAtEndMs: undefined });
});

test("counts acknowledgements by the node that sent them", () => {
  const log = new OperationLog();
  for (const [row, source] of [1, 1, 2, 0].entries())
    log.append("set", false, 0, 0, row + 1, 0, row, row + 0.5, "acknowledged", "", source);
  const history = {
    ...historyOf(),
    log,
    nodeNameOf: (source: number) => [undefined, "node-10", "node-2"][source],
  };
  const by = shard0(history)?.acknowledgedBy;
  expect(by).toEqual({ "node-2": 1, "node-10": 2, unknown: 1 });
  expect(Object.keys(by ?? {})).toEqual(["node-2", "node-10", "unknown"]);
});

test("a gap from the start on has no success before it", () => {
  const history = historyOf([0, 300, "unknown"], [301, 400, "acknowledged"]);
  expect(shard0(history)).toMatchObject({ unavailableMs: 400, lastSuccessBefore: undefined });
});

test("a gap that is normal for a slow shard does not count", () => {
  const slow = Array.from(
    { length: 9 },
    (_, index) => [index * 100, index * 100 + 20, "acknowledged"] as const,
  );
  expect(shard0(historyOf(...slow, [900, 1050, "acknowledged"]))?.unavailableMs).toBe(0);
  expect(shard0(historyOf(...slow, [900, 1200, "acknowledged"]))?.unavailableMs).toBe(300);
});

test("splits the latencies at the longest gap", () => {
  const history = historyOf(
    [0, 1, "acknowledged"],
    [2, 4, "acknowledged"],
    [5, 6, "failed"],
    [400, 500, "acknowledged"],
    [501, 504, "acknowledged"],
  );
  const { longest } = measureAvailability(history);
  expect(longest).toMatchObject({ from: 5, to: 500 });
  expect(measureLatency(history, longest)).toEqual({
    before: { count: 2, p50Ms: 1, p99Ms: 2, maxMs: 2 },
    during: { count: 1, p50Ms: 100, p99Ms: 100, maxMs: 100 },
    after: { count: 1, p50Ms: 3, p99Ms: 3, maxMs: 3 },
  });
  expect(measureLatency(history, undefined)).toMatchObject({
    before: { count: 4, maxMs: 100 },
    during: { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 },
  });
});
