import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, vi } from "vitest";

const KEY = "order:42";
/** A time in the past: 2001-09-09. */
const FAKE_NOW_MS = 1_000_000_000_000;

const test = redisClusterTest({ nodeTimeoutMs: 500 });

// The timers are never advanced. The fake timers stay installed, also during the reset before the second test.
test("a cluster is broken and reset with fake timers", { timeout: 30_000 }, async ({ cluster, faults }) => {
  vi.useFakeTimers({ now: FAKE_NOW_MS });
  const before = await cluster.primaryOf(KEY);
  await faults.killMaster(KEY);
  expect((await cluster.primaryOf(KEY)).name).not.toBe(before.name);
  await cluster.heal();
  await cluster.waitUntilHealthy();
  await expect(cluster.waitUntilHealthy({ timeoutMs: 5_000 })).resolves.toBeUndefined();
  expect((await cluster.reset()).way).toBe("mended");
});

test("a failover is observed in real time with fake timers", { timeout: 30_000 }, async ({
  cluster,
  faults,
}) => {
  expect(Date.now()).toBe(FAKE_NOW_MS);
  const failover = await faults.observeFailover(() => faults.killMaster(KEY), { withinMs: 30_000 });
  expect(failover.since).toBeGreaterThan(FAKE_NOW_MS + 1_000_000_000);
  // A node is suspected only after it has not answered for the node timeout.
  expect(failover.phases.electedMs).toBeGreaterThan(250);
  // The timeout of a call also uses real time.
  await faults.kill({ shardOf: KEY });
  await expect(cluster.primaryOf(KEY, { timeoutMs: 200 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
});

test("the next test has a healthy cluster", { timeout: 30_000 }, async ({ cluster, redis }) => {
  expect(await redis.set(KEY, "paid")).toBe("OK");
  await expect(cluster).toBeHealthy();
  vi.useRealTimers();
});
