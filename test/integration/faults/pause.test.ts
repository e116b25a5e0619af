import type { RedisClusterNode } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { expectHealed } from "../../support/expect-healed.ts";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
test.afterEach(({ cluster }) => expectHealed(cluster));

test("a paused primary is replaced, and is a replica after it has been resumed", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const fault = await cluster.pause(primary);
  expect((await primary.state()).status).toBe("paused");
  expect(fault.description).toBe(`${primary.name} paused`);
  await expect
    .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 10_000 })
    .not.toBe(primary.name);
  await cluster.resume(primary);
  expect((await primary.state()).status).toBe("running");
  // resume() ends the fault, as its own heal() would.
  expect(cluster.activeFaults).toEqual([]);
  expect(cluster.history.faults.at(-1)).toMatchObject({ kind: "pause", healedAt: expect.any(Number) });
  await fault.heal();
  await cluster.waitUntilHealthy();
  expect((await cluster.replicasOf(KEY)).map(String)).toContain(primary.name);
});

test("pause() pauses no node if one of its targets is already paused", async ({ cluster }) => {
  const [first, second] = (await cluster.replicas()) as [RedisClusterNode, RedisClusterNode];
  await using _paused = await cluster.pause(second);
  await expect(cluster.pause([first, second])).rejects.toMatchObject({
    code: "NODE_NOT_RUNNING",
    message: `${second.name} cannot be paused: its container is paused.`,
  });
  expect((await first.state()).status).toBe("running");
});
