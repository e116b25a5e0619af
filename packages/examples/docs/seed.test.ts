import { join } from "node:path";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

// #region function
const test = redisClusterTest({
  nodes: 3,
  replicas: 0,
  seed: async (client) => {
    await client.set("order:42", "paid");
    await client.hset("user:7", { name: "Ada" });
  },
});

test("a test finds the data, and changes them", { timeout: 60_000 }, async ({ redis }) => {
  expect(await redis.get("order:42")).toBe("paid");
  await redis.set("order:42", "cancelled");
  await redis.set("order:99", "open");
});

test("the next test finds the same data", { timeout: 60_000 }, async ({ redis }) => {
  expect(await redis.get("order:42")).toBe("paid");
  expect(await redis.get("order:99")).toBeNull();
});
// #endregion

test("a changed key is found", { timeout: 60_000 }, async ({ cluster }) => {
  await cluster.client.set("order:42", "cancelled");
  expect((await cluster.findChanges()).join("\n")).toContain('"order:42"');
  expect(cluster.startup.seedMs).toBeGreaterThan(0);
});

// #region commands
const fileTest = redisClusterTest({
  nodes: 3,
  replicas: 0,
  seed: { commands: join(import.meta.dirname, "seed.redis") },
});

fileTest("the commands were executed", { timeout: 60_000 }, async ({ redis }) => {
  expect(await redis.hget("user:7", "name")).toBe("Ada Lovelace");
});
// #endregion
