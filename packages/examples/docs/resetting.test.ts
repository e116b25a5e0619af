import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1, config: { "slowlog-log-slower-than": -1 } });

test("a reset deletes keys by commands", { timeout: 60_000 }, async ({ cluster }) => {
  await cluster.client.set("order:42", "paid");
  // #region reset
  const { strategy, reason, restarted, tookMs } = await cluster.reset();
  // #endregion
  expect({ strategy, reason, restarted }).toEqual({ strategy: "cleaned", reason: undefined, restarted: [] });
  expect(tookMs).toBeGreaterThan(0);
  expect(await cluster.client.get("order:42")).toBeNull();
});

test("a reset repairs a cluster after a kill", { timeout: 60_000 }, async ({ cluster }) => {
  const primary = await cluster.primaryOf("order:42");
  // #region repair
  await cluster.killPrimary("order:42");
  const report = await cluster.reset();
  // #endregion
  expect(["repaired", "rebuilt"]).toContain(report.strategy);
  expect(report.reason).toContain(primary.name);
  expect(report.restarted).toContain(primary.name);
  expect((await cluster.primaryOf("order:42")).name).toBe(primary.name);
});

test("a workload ends before a reset", { timeout: 60_000 }, async ({ cluster }) => {
  // #region workload
  const workload = await cluster.startWorkload({ writers: 2 });
  await workload.waitForAcknowledged(0, 0); // a write to shard 0
  const ledger = await workload.stop(); // before the reset, which ends workloads without a ledger
  await cluster.reset();
  // #endregion
  expect(ledger.acknowledged).toBeGreaterThan(0);
});

test("a reset replaces the clients", { timeout: 60_000 }, async ({ cluster }) => {
  // #region clients
  const before = cluster.client;
  await cluster.reset();
  await cluster.client.set("order:42", "paid"); // a new client; `before` is closed
  // #endregion
  expect(cluster.client).not.toBe(before);
});

test("changes are found", { timeout: 60_000 }, async ({ cluster }) => {
  // #region changes
  await cluster.client.set("order:42", "paid");
  const changes = await cluster.findChanges();
  // #endregion
  expect(changes).toContain("node-1 has 1 keys, expected 0");
});

describe("an application that cleans up", { timeout: 60_000 }, () => {
  // #region after-each
  test.afterEach(async ({ cluster }) => {
    expect(await cluster.findChanges()).toEqual([]);
  });
  // #endregion

  test("leaves nothing behind", async ({ redis }) => {
    await redis.set("order:42", "paid");
    await redis.del("order:42");
  });
});
