import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("orders survive the failure of a primary", { timeout: 60_000 }, async ({ cluster }) => {
  const workload = await cluster.startWorkload({ wait: 1 });

  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));

  expect(failover).toHavePromotedReplica();
  expect(failover).toHaveRecoveredWithin(10_000);
  expect(await workload.stop()).toHaveLostNoAcknowledgedWrites();
});

test("the next test finds a healthy, empty cluster", { timeout: 30_000 }, async ({ cluster, redis }) => {
  expect(await redis.get("order:42")).toBeNull();
  await expect(cluster).toBeHealthy();
});
