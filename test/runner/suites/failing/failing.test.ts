import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";

const test = redisClusterTest({ nodes: 3, replicas: 0 });

test("an order is paid", { timeout: 30_000 }, async ({ redis }) => {
  expect(await redis.get("order:42")).toBe("paid");
});

test("a test that passes saves no evidence", { timeout: 30_000 }, async ({ redis }) => {
  expect(await redis.get("order:42")).toBeNull();
});
