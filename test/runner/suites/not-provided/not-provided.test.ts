import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { inject } from "vitest";

const test = redisClusterTest(inject("redisCluster"));

test("is not run", async ({ redis }) => {
  await redis.ping();
});
