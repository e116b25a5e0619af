import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test, vi } from "vitest";
import { disableFailureDetection } from "../support/failure-detection.ts";

const KEY = "order:42";
const HOUR_MS = 3_600_000;

// The library reads the functions of the clock when it is loaded, so the clock is changed before. Timers are not changed.
const host = vi.hoisted(() => {
  const { now } = Date;
  const clock = { aheadMs: 0 };
  Date.now = () => now() + clock.aheadMs;
  return clock;
});

test("a reset finds scheduled elections even if the clock of this host is wrong", async () => {
  host.aheadMs = HOUR_MS;
  await using cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  const { name } = await cluster.primaryOf(KEY);
  const [replica] = await cluster.replicasOf(KEY);
  await cluster.killPrimary(KEY);
  await vi.waitFor(async () => expect(await replica?.logs()).toContain("Start of election delayed"), {
    timeout: 30_000,
    interval: 20,
  });
  const first = await cluster.reset();
  // The other primaries are restarted too if they reject writes because of the killed primary.
  expect(first.restarted).toEqual(expect.arrayContaining([name, replica?.name]));

  // Log lines from before the last reset do not count.
  host.aheadMs = -HOUR_MS;
  await disableFailureDetection(cluster);
  await cluster.killPrimary(KEY);
  const second = await cluster.reset();
  expect(second.restarted).toEqual([name]);
});
