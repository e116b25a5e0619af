import { redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 3, replicas: 0, image: "localhost:1/no-such-image:none" });

test("first", { timeout: 20_000 }, async ({ redis }) => {
  await redis.ping();
});

test("second", { timeout: 20_000 }, async ({ redis }) => {
  await redis.ping();
});
