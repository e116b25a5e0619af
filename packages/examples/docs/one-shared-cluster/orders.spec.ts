import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { inject } from "vitest";

const test = redisClusterTest(inject("redisCluster"));

test("an order is stored", async ({ redis }) => {
  await redis.set("order:42", "paid");
  expect(await redis.get("order:42")).toBe("paid");
});
