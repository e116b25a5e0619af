import { expect, redisClusterTest } from "ENTRY";
import { redisClusterGlobalSetup } from "testcontainers-redis-cluster/vitest/global-setup";
import RedisClusterReporter from "testcontainers-redis-cluster/vitest/reporter";
import { inject } from "vitest";

const test = redisClusterTest({ nodes: 6, scope: "file" });

test("types of the fixtures and matchers", async ({ cluster, redis, faults }) => {
  const value: string | null = await redis.get("order:42");
  expect(value).toBeNull();
  await expect(cluster).toBeHealthy();
  const failover = await faults.observeFailover(() => faults.killPrimary("order:42"));
  expect(failover).toHavePromotedReplica({ withinMs: 5_000 });
  expect(failover).toHaveRecoveredWithin(5_000);
  // @ts-expect-error a failover has no writes
  expect(failover).toHaveLostAtMost(0);
  // @ts-expect-error unknown fixture: the types are not `any`
  test("", ({ clusters }) => clusters);
});

redisClusterTest(inject("redisCluster"));
export default redisClusterGlobalSetup({ nodes: 6 });
export const reporter: RedisClusterReporter = new RedisClusterReporter({ outputFile: "report.html" });
