import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";

const test = redisClusterTest(inject("redisCluster"));

test("a: has a cluster that serves, and leaves one that does not", { timeout: 20_000 }, async ({
  cluster,
  redis,
}) => {
  expect(await redis.set("order:42", "paid")).toBe("OK");
  await cluster.kill("node-1");
  await expect
    .poll(() => cluster.node("node-0").client.cluster("INFO"), { timeout: 10_000 })
    .toContain("cluster_state:fail");
});
