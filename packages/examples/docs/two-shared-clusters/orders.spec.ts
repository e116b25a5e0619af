import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { inject } from "vitest";

// #region inject
const plainTest = redisClusterTest(inject("redisCluster"));
const tlsTest = redisClusterTest(inject("redisClusterTls"));
// #endregion

plainTest("an order is stored", async ({ cluster, redis }) => {
  expect(cluster.tls).toBeUndefined();
  expect(await redis.set("order:42", "paid")).toBe("OK");
});

tlsTest("the other cluster has no order", async ({ cluster, redis }) => {
  expect(cluster.tls?.ca).toContain("BEGIN CERTIFICATE");
  expect(await redis.get("order:42")).toBeNull();
});
