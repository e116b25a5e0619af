import { expect, test } from "vitest";
import type { ServerVersion } from "../view/parse-info.ts";
import { expectedFailoverMs, expectedManualFailoverMs } from "./expected-failover.ts";

type Name = `${ServerVersion["server"]} ${number}`;

function version(name: Name): ServerVersion {
  const [server, release = ""] = name.split(" ");
  const [major = 0, minor = 0] = release.split(".").map(Number);
  return { server: server === "valkey" ? "valkey" : "redis", version: `${release}.0`, major, minor };
}

// Shortest and longest time from the kill to the first write, measured in several kills of processes without containers.
test.each([
  ["redis 7.0", 200, 940, 1613],
  ["redis 6.2", 500, 1218, 1893],
  ["redis 8.0", 1000, 1942, 2970],
  ["valkey 8.1", 2000, 3194, 4185],
  ["valkey 9.0", 500, 676, 923],
  ["valkey 9.0", 1000, 1236, 1673],
  ["valkey 9.0", 2000, 2378, 3682],
] as const)(
  "%s, node timeout %i ms: measured times are in range",
  (name, nodeTimeoutMs, shortest, longest) => {
    const { minMs, maxMs } = expectedFailoverMs({ nodeTimeoutMs, server: version(name), replicas: 1 });
    expect(minMs).toBeLessThanOrEqual(shortest);
    expect(maxMs).toBeGreaterThanOrEqual(longest);
  },
);

test.each([
  ["redis 8.2", false, { minMs: 500, maxMs: 1000 }],
  ["valkey 8.1", true, { minMs: 500, maxMs: 1000 }],
  ["valkey 9.0", false, { minMs: 33, maxMs: 66 }],
  ["valkey 9.0", true, { minMs: 533, maxMs: 566 }],
  ["valkey 9.1", false, { minMs: 0, maxMs: 0 }],
  ["valkey 9.1", true, { minMs: 533, maxMs: 566 }],
  ["valkey 10.0", false, { minMs: 0, maxMs: 0 }],
] as const)("%s, offset is zero: %j: the election delay follows the rules", (name, offsetIsZero, delay) => {
  const { parts } = expectedFailoverMs({
    nodeTimeoutMs: 1000,
    server: version(name),
    replicas: 1,
    offsetIsZero,
  });
  expect(parts.delay).toEqual(delay);
});

test("on Valkey 9.1, one of several replicas may wait for the others", () => {
  const { parts } = expectedFailoverMs({
    nodeTimeoutMs: 15_000,
    server: version("valkey 9.1"),
    replicas: 2,
  });
  expect(parts.delay).toEqual({ minMs: 0, maxMs: 1000 });
});

test("the expected time is the sum of its parts", () => {
  const { minMs, maxMs, parts } = expectedFailoverMs({
    nodeTimeoutMs: 1000,
    server: version("redis 7.2"),
    replicas: 1,
  });
  expect(minMs).toBe(1500);
  expect(maxMs).toBe(3500);
  expect(parts.suspicion).toEqual({ minMs: 1000, maxMs: 1700 });
});

test("a failover without replicas takes forever", () => {
  expect(expectedFailoverMs({ nodeTimeoutMs: 1000, server: version("redis 7.2"), replicas: 0 }).minMs).toBe(
    Number.POSITIVE_INFINITY,
  );
});

const OPTIONS_500_MS = { nodeTimeoutMs: 500, server: version("redis 8.0"), replicas: 1 };

test.each([
  ["is old enough", { latestStartMs: -10_000, minorityMs: undefined }, 2600],
  ["may have been started by the fault", undefined, 2600],
  ["was restarted after the fault", { latestStartMs: 900, minorityMs: undefined }, 3100],
  ["was in a minority shortly before", { latestStartMs: -10_000, minorityMs: 2_400 }, 3000],
] as const)("a promoted node that %s executes commands in the expected time", (_, conditions, maxMs) => {
  const { serving } = expectedFailoverMs({ ...OPTIONS_500_MS, conditions });
  expect(serving).toEqual({ minMs: 1000, maxMs });
});

test("a young process delays the commands after a fast failover", () => {
  const options = { nodeTimeoutMs: 200, server: version("valkey 9.1"), replicas: 1 };
  const { maxMs, serving } = expectedFailoverMs({
    ...options,
    conditions: { latestStartMs: -500, minorityMs: undefined },
  });
  expect(maxMs).toBe(900);
  expect(serving).toEqual({ minMs: 200, maxMs: 1700 });
});

test("a node rejects commands for 0.5 to 5 s after it was in a minority", () => {
  const servingAfter = (nodeTimeoutMs: number): number =>
    expectedManualFailoverMs({ nodeTimeoutMs, latestStartMs: -60_000, minorityMs: 0 }).serving.maxMs;
  expect([200, 1_000, 30_000].map(servingAfter)).toEqual([600, 1_100, 5_100]);
});

test("a node that was up executes commands as soon as a manual failover ends", () => {
  const { maxMs, serving } = expectedManualFailoverMs(undefined);
  expect(serving).toEqual({ minMs: 0, maxMs });
});
