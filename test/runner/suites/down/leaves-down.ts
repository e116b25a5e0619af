import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";

/** A test that wants a cluster that serves, and leaves one that does not: each file has one, in a worker of its own. */
export function leavesDown(file: string): void {
  const test = redisClusterTest(inject("redisCluster"));

  test(`${file}: has a cluster that serves, and leaves one that does not`, { timeout: 20_000 }, async ({
    cluster,
    redis,
  }) => {
    expect(await redis.set("order:42", "paid")).toBe("OK");
    await cluster.kill("node-1");
    await expect
      .poll(() => cluster.node("node-0").client.cluster("INFO"), { timeout: 10_000 })
      .toContain("cluster_state:fail");
  });
}
