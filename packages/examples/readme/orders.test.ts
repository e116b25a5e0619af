import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("an acknowledged order survives the failure of a primary", { timeout: 60_000 }, async ({ cluster }) => {
  await cluster.client.set("order:42", "paid");
  const workload = await cluster.startWorkload({ wait: 1 }); // counts a write when the replica has it, too
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));

  expect(failover).toHavePromotedReplica();
  expect(failover).toHaveRecoveredWithin(10_000);
  expect(await (await cluster.primaryOf("order:42")).client.get("order:42")).toBe("paid");
  expect(await workload.stop()).toHaveLostNoAcknowledgedWrites();
});

test("the next test finds a healthy, empty cluster", { timeout: 30_000 }, async ({ cluster, redis }) => {
  expect(await redis.get("order:42")).toBeNull();
  await expect(cluster).toBeHealthy();
});
