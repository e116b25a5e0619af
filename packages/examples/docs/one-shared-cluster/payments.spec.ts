import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { inject } from "vitest";

const test = redisClusterTest(inject("redisCluster"));

test("a payment is counted once", async ({ redis }) => {
  expect(await redis.incr("payments")).toBe(1);
});

test("the next test finds no payment", async ({ redis }) => {
  expect(await redis.get("payments")).toBeNull();
});
