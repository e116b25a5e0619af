import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { inject } from "vitest";

const test = redisClusterTest(inject("redisCluster"));

test("does not run", async ({ redis }) => {
  await redis.ping();
});
