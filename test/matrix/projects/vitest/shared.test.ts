import { inject } from "vitest";
import { expect, redisClusterTest } from "ENTRY";

const test = redisClusterTest(inject("redisCluster"));

test("uses the shared cluster", async ({ redis, nodes }) => {
  await redis.set("order:42", "paid");
  expect(nodes).toHaveLength(3);
});

test("has no keys of the test before", async ({ redis }) => {
  expect(await redis.dbsize()).toBe(0);
});
