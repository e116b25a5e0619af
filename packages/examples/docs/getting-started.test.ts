import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("an order is stored", { timeout: 60_000 }, async ({ redis }) => {
  await redis.set("order:42", "paid");
  expect(await redis.get("order:42")).toBe("paid");
});

test("an order survives the kill of its primary", { timeout: 60_000 }, async ({ cluster }) => {
  const primary = await cluster.primaryOf("order:42");
  await primary.client.set("order:42", "paid");
  expect(await primary.client.wait(1, 1_000)).toBe(1); // the replica has the write, too

  await cluster.killPrimary("order:42");

  const promoted = await cluster.primaryOf("order:42"); // waits for the failover
  expect(promoted.name).not.toBe(primary.name);
  expect(await promoted.client.get("order:42")).toBe("paid");
});
