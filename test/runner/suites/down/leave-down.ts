import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";

/** Declares a test that needs a healthy cluster and leaves it down. Each file has one such test and runs in a separate worker. */
export function declareTest(file: string): void {
  const test = redisClusterTest(inject("redisCluster"));

  test(`${file}: receives a healthy cluster and leaves it down`, { timeout: 20_000 }, async ({
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
