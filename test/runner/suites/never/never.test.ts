import { redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({
  nodes: 3,
  replicas: 0,
  configureNode: (container) => {
    // Containers that run, and never accept a connection.
    container.withEntrypoint(["sh", "-c", "sleep 120"]);
  },
});

test("waits", { timeout: 6_000 }, async ({ redis }) => {
  await redis.ping();
});
