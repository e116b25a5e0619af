import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test, vi } from "vitest";
import { disableFailureDetection } from "../support/failure-detection.ts";

const KEY = "order:42";
const HOUR_MS = 3_600_000;

// The library takes the clock when it is loaded, so the clock is wrong before that. Timers go on as they are.
const host = vi.hoisted(() => {
  const { now } = Date;
  const wrong = { aheadMs: 0 };
  Date.now = () => now() + wrong.aheadMs;
  return wrong;
});

test("a reset finds planned elections by the engine's clock, however wrong this machine's clock is", async () => {
  host.aheadMs = HOUR_MS;
  await using cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  const { name } = await cluster.primaryOf(KEY);
  const [replica] = await cluster.replicasOf(KEY);
  await cluster.killMaster(KEY);
  await vi.waitFor(async () => expect(await replica?.logs()).toContain("Start of election delayed"), {
    timeout: 30_000,
    interval: 20,
  });
  const planned = await cluster.reset();
  // The other primaries are restarted too if the loss of this one has made them refuse writes.
  expect(planned.restarted).toEqual(expect.arrayContaining([name, replica?.name]));

  // Lines of before the last reset do not count.
  host.aheadMs = -HOUR_MS;
  await disableFailureDetection(cluster);
  await cluster.killMaster(KEY);
  const calm = await cluster.reset();
  expect(calm.restarted).toEqual([name]);
});
