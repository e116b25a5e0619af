import { redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 3, replicas: 0 });

// Both ask before the first one's cluster can have started.
test.concurrent("the one", { timeout: 30_000 }, async ({ redis }) => {
  await redis.set("mine", "one");
});

test.concurrent("the other", { timeout: 30_000 }, async ({ redis }) => {
  await redis.set("mine", "other");
});
