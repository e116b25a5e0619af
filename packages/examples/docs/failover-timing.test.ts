import { formatFailover } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe } from "vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("measures a failover", { timeout: 60_000 }, async ({ cluster }) => {
  // #region measure
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));

  console.log(failover.promoted.name); // the new primary
  console.log(failover.phases.electedMs); // when it was elected, in milliseconds since the fault
  console.log(failover.phases.recoveredMs); // when it acknowledged its first write
  console.log(formatFailover(failover));
  // #endregion
  const { electedMs = Number.NaN, recoveredMs } = failover.phases;
  expect(failover.promoted.name).not.toBe(failover.failed.name);
  expect(recoveredMs).toBeGreaterThanOrEqual(electedMs);
  expect(formatFailover(failover)).toMatch(/^node-\d → node-\d {3}slots 5461-10922/);
});

test("waits for the old primary", { timeout: 90_000 }, async ({ cluster }) => {
  // #region wait-for-the-old-primary
  const failover = await cluster.observeFailover(
    async () => {
      const fault = await cluster.killPrimary("order:42");
      await cluster.primaryOf("order:42"); // waits for the promotion
      await fault.heal(); // starts the old primary again
      return fault; // so that the times are measured from the kill
    },
    { waitForOldPrimary: true },
  );

  console.log(failover.phases.rejoinedMs); // when the old primary was a replica and in sync
  // #endregion
  expect(failover.phases.rejoinedMs).toBeGreaterThan(failover.phases.electedMs ?? Number.NaN);
});

test("compares a failover with the rules of the server", { timeout: 60_000 }, async ({ cluster }) => {
  // #region predict
  const expected = await cluster.expectedFailoverMs(); // { minMs, maxMs, parts, serving }
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));

  expect(failover).toHavePromotedReplica({ withinMs: 2 * expected.maxMs });
  // #endregion
  expect(failover.phases.electedMs).toBeGreaterThanOrEqual(expected.minMs * 0.9);
});

test("counts the writes of a split brain", { timeout: 90_000 }, async ({ cluster }) => {
  // #region split-brain
  const failover = await cluster.observeFailover(async () => {
    const cut = await cluster.isolate({ primaryOf: "order:42" }, { plane: "bus" });
    await cluster.failover({ replicaOf: "order:42" }, { mode: "takeover" });
    return cut;
  });

  expect(failover.acknowledgedByOldPrimary.count).toBeGreaterThan(0);
  // #endregion
  const { lastMs } = failover.acknowledgedByOldPrimary;
  expect(lastMs).toBeGreaterThan(failover.phases.electedMs ?? Number.NaN);
});

describe("a cluster of one shard", () => {
  test.override({ clusterOptions: { nodes: 3, replicas: 2 } });

  test("fails over by a takeover", { timeout: 60_000 }, async ({ cluster }) => {
    // #region takeover
    const failover = await cluster.observeFailover(async () => {
      const fault = await cluster.killPrimary("order:42");
      await cluster.failover({ replicaOf: "order:42" }, { mode: "takeover" });
      return fault;
    });

    expect(failover).toHavePromotedReplica();
    // #endregion
  });

  test("never fails over by itself", { timeout: 60_000 }, async ({ cluster }) => {
    await cluster.killPrimary("order:42");
    await expect(cluster.primaryOf("order:42")).rejects.toMatchObject({ code: "FAILOVER_IMPOSSIBLE" });
    expect((await cluster.expectedFailoverMs()).minMs).toBe(Number.POSITIVE_INFINITY);
  });
});
