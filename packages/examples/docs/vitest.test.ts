import { Cluster } from "ioredis";
import { describe } from "vitest";
// #region fixtures
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("an order survives the kill of its primary", { timeout: 60_000 }, async ({ cluster, redis, faults }) => {
  const { client } = await cluster.primaryOf("order:42");
  await client.set("order:42", "paid");
  expect(await client.wait(1, 1_000)).toBe(1); // on the same connection: the replica has the write, too
  await faults.observeFailover(() => faults.killPrimary("order:42"));
  expect(await redis.get("order:42")).toBe("paid");
});
// #endregion

// #region workload
test("no acknowledged write is lost", { timeout: 60_000 }, async ({ faults, workload }) => {
  await workload({ writers: 4, wait: 1 }); // is stopped and checked when the test ends
  await faults.observeFailover(() => faults.killPrimary("order:42"));
});
// #endregion

// #region hooks
describe("a paid order", () => {
  test.beforeEach(async ({ redis }) => {
    await redis.set("order:42", "paid");
  });

  test("can be read", { timeout: 30_000 }, async ({ redis }) => {
    expect(await redis.get("order:42")).toBe("paid");
  });
});
// #endregion

// #region own-client
test("an application writes", { timeout: 30_000 }, async ({ cluster, onTestFinished }) => {
  const { startupNodes, options } = cluster.clientOptions();
  const application = new Cluster(startupNodes, options);
  onTestFinished(() => application.disconnect());
  expect(await application.set("order:42", "paid")).toBe("OK");
});
// #endregion

// #region override
describe("without replicas", () => {
  test.override({ clusterOptions: { nodes: 3, replicas: 0 } });

  test("the cluster has three nodes", { timeout: 60_000 }, ({ nodes }) => {
    expect(nodes).toHaveLength(3);
  });
});
// #endregion

// #region concurrent
const separateTest = redisClusterTest({ nodes: 3, replicas: 0, scope: "test" });

separateTest.concurrent("an order is paid", { timeout: 60_000 }, async ({ redis }) => {
  await redis.set("order:42", "paid");
  expect(await redis.get("order:42")).toBe("paid");
});

separateTest.concurrent("an order is cancelled", { timeout: 60_000 }, async ({ redis }) => {
  await redis.set("order:42", "cancelled");
  expect(await redis.get("order:42")).toBe("cancelled");
});
// #endregion
