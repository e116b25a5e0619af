import { redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 3, replicas: 0 });

// Both tests request the cluster before it can have started.
test.concurrent("the one", { timeout: 30_000 }, async ({ redis }) => {
  await redis.set("mine", "one");
});

test.concurrent("the other", { timeout: 30_000 }, async ({ redis }) => {
  await redis.set("mine", "other");
});
