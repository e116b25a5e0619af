// #region functions-import
import { assertCoversAllSlots, assertRecoveredWithin } from "testcontainers-redis-cluster";
// #endregion
// #region import
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
// #endregion

const test = redisClusterTest({ nodes: 6, replicas: 1, nodeTimeoutMs: 500 });

test("checks a failover, a ledger and the cluster", { timeout: 60_000 }, async ({ cluster }) => {
  // #region matchers
  const workload = await cluster.startWorkload({ wait: 1 });
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
  const ledger = await workload.stop();

  expect(failover).toHavePromotedReplica({ withinMs: 5_000 });
  expect(failover).toHaveRecoveredWithin(10_000);
  expect(ledger).toHaveLostNoAcknowledgedWrites();
  await expect(cluster).toCoverAllSlots();
  // #endregion

  // #region functions
  assertRecoveredWithin(failover, 10_000);
  await assertCoversAllSlots(cluster);
  // #endregion

  // #region inside-another-matcher
  expect({ ledger }).toEqual({ ledger: expect.toHaveLostAtMost(0) });
  // #endregion
});

test("checks for duplicated and stale writes", { timeout: 60_000 }, async ({ cluster }) => {
  // #region duplicated-and-stale
  const workload = await cluster.startWorkload();
  await cluster.failover({ replicaOf: "order:42" });
  const ledger = await workload.stop();

  expect(ledger.duplicated).toEqual([]);
  expect(ledger.stale).toEqual([]);
  // #endregion
  expect(ledger.acknowledged).toBeGreaterThan(0);
});

test("waits until a check passes", { timeout: 60_000 }, async ({ cluster }) => {
  // #region wait
  await cluster.killPrimary("order:42");
  await expect(cluster).not.toBeHealthy();
  await expect.poll(() => cluster, { timeout: 20_000 }).toCoverAllSlots();
  // #endregion
});
