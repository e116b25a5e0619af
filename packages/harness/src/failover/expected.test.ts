import { expect, test } from "vitest";
import type { ServerVersion } from "../view/parse-info.ts";
import { expectedFailoverMs, expectedManualMs } from "./expected.ts";

function version(server: ServerVersion["server"], major: number, minor: number): ServerVersion {
  return { server, version: `${major}.${minor}.0`, major, minor };
}

// Smallest and greatest of a number of kills on bare processes, from kill to first write.
test.each([
  [version("redis", 7, 0), 200, 940, 1613],
  [version("redis", 6, 2), 500, 1218, 1893],
  [version("redis", 8, 0), 1000, 1942, 2970],
  [version("valkey", 8, 1), 2000, 3194, 4185],
  [version("valkey", 9, 0), 500, 676, 923],
  [version("valkey", 9, 0), 1000, 1236, 1673],
  [version("valkey", 9, 0), 2000, 2378, 3682],
])("measured on %j at %i ms lies within", (server, nodeTimeoutMs, least, most) => {
  const { minMs, maxMs } = expectedFailoverMs({ nodeTimeoutMs, server, replicas: 1 });
  expect(minMs).toBeLessThanOrEqual(least);
  expect(maxMs).toBeGreaterThanOrEqual(most);
});

test.each([
  [version("redis", 8, 2), false, { minMs: 500, maxMs: 1000 }],
  [version("valkey", 8, 1), true, { minMs: 500, maxMs: 1000 }],
  [version("valkey", 9, 0), false, { minMs: 33, maxMs: 66 }],
  [version("valkey", 9, 0), true, { minMs: 533, maxMs: 566 }],
  [version("valkey", 9, 1), false, { minMs: 0, maxMs: 0 }],
  [version("valkey", 9, 1), true, { minMs: 533, maxMs: 566 }],
  [version("valkey", 10, 0), false, { minMs: 0, maxMs: 0 }],
])("what the replica waits on %j, offset zero: %j", (server, offsetIsZero, delay) => {
  const { parts } = expectedFailoverMs({ nodeTimeoutMs: 1000, server, replicas: 1, offsetIsZero });
  expect(parts.delay).toEqual(delay);
});

test("in Valkey 9.1 a replica with siblings may have to wait for their word", () => {
  const { parts } = expectedFailoverMs({
    nodeTimeoutMs: 15_000,
    server: version("valkey", 9, 1),
    replicas: 2,
  });
  expect(parts.delay).toEqual({ minMs: 0, maxMs: 1000 });
});

test("the whole is the sum of its parts", () => {
  const { minMs, maxMs, parts } = expectedFailoverMs({
    nodeTimeoutMs: 1000,
    server: version("redis", 7, 2),
    replicas: 1,
  });
  expect(minMs).toBe(1500);
  expect(maxMs).toBe(3500);
  expect(parts.suspicion).toEqual({ minMs: 1000, maxMs: 1700 });
});

test("without replicas there is no failover", () => {
  expect(expectedFailoverMs({ nodeTimeoutMs: 1000, server: version("redis", 7, 2), replicas: 0 }).minMs).toBe(
    Number.POSITIVE_INFINITY,
  );
});

const T500 = { nodeTimeoutMs: 500, server: version("redis", 8, 0), replicas: 1 };

test.each([
  ["is old enough", { startedByMs: -10_000, minorityMs: undefined }, 2600],
  ["may have been started by the fault", undefined, 2600],
  ["was restarted after the fault", { startedByMs: 900, minorityMs: undefined }, 3100],
  ["was in a minority not long before", { startedByMs: -10_000, minorityMs: 2_400 }, 3000],
] as const)("a promoted node whose process %s executes commands by then", (_, conditions, maxMs) => {
  const { serving } = expectedFailoverMs({ ...T500, conditions });
  expect(serving).toEqual({ minMs: 1000, maxMs });
});

test("a young process delays a quick failover", () => {
  const quick = { nodeTimeoutMs: 200, server: version("valkey", 9, 1), replicas: 1 };
  const { maxMs, serving } = expectedFailoverMs({
    ...quick,
    conditions: { startedByMs: -500, minorityMs: undefined },
  });
  expect(maxMs).toBe(900);
  expect(serving).toEqual({ minMs: 200, maxMs: 1700 });
});

test("after a minority a node refuses commands for one node timeout, from 500 ms to 5 s", () => {
  const after = (nodeTimeoutMs: number): number =>
    expectedManualMs({ nodeTimeoutMs, startedByMs: -60_000, minorityMs: 0 }).serving.maxMs;
  expect([200, 1_000, 30_000].map(after)).toEqual([600, 1_100, 5_100]);
});

test("a manual failover to a node that is up takes no longer until it executes commands", () => {
  const { maxMs, serving } = expectedManualMs(undefined);
  expect(serving).toEqual({ minMs: 0, maxMs });
});
