import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";

const test = redisClusterTest({ nodes: 3, replicas: 0 });

test("fails", { timeout: 30_000 }, async ({ redis }) => {
  expect(await redis.get("order:42")).toBe("paid");
});

test("does not run", { timeout: 30_000 }, async ({ redis }) => {
  await redis.set("order:42", "paid");
});
