import { startRedisCluster } from "testcontainers-redis-cluster";
// #region after
import { Cluster } from "ioredis";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("stores an order", { timeout: 30_000 }, async ({ cluster }) => {
  const { startupNodes, options } = cluster.clientOptions();
  const redis = new Cluster(startupNodes, options); // as your application creates it

  await redis.set("order:42", "paid");
  expect(await redis.get("order:42")).toBe("paid");

  redis.disconnect();
});
// #endregion

test("fails over by one call", { timeout: 60_000 }, async ({ cluster }) => {
  await cluster.client.set("order:42", "paid");
  // #region failover
  await cluster.killPrimary("order:42");
  const promoted = await cluster.primaryOf("order:42"); // waits for the failover
  // #endregion
  expect(promoted.plannedRole).toBe("replica");
});

test("keeps addresses and ports", { timeout: 60_000 }, async () => {
  // #region fixed
  await using cluster = await startRedisCluster({
    subnet: "172.29.0.0/16",
    firstAddress: "172.29.0.11", // node-0 is 172.29.0.11, node-5 is 172.29.0.16
    firstHostPort: 7001, // 7001 … 7006
    firstHostBusPort: 17001, // 17001 … 17006
    nodeTimeoutMs: 5_000,
    persistence: "aof",
  });
  // #endregion
  const node = cluster.node("node-5");
  expect(node.networkAddress).toEqual({ host: "172.29.0.16", port: 6379 });
  expect(node.mappedAddress.port).toBe(7006);
  const primaries = await cluster.primaries();
  expect(primaries.map(({ name }) => name)).toEqual(["node-0", "node-1", "node-2"]);
});
