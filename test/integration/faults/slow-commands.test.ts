import type { RedisClusterNode } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { expectHealed } from "../../support/expect-healed.ts";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
test.afterEach(({ cluster }) => expectHealed(cluster));

test("slowCommands() delays replies until heal() or a restart", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  // The server pauses its clients again and again. The first of four commands may arrive near the end of a pause, but the others
  // wait for three complete pauses.
  const measureFourCommands = async (): Promise<number> => {
    const startedAt = performance.now();
    for (let round = 0; round < 4; round += 1) expect(await primary.client.echo("late")).toBe("late");
    return performance.now() - startedAt;
  };
  const fault = await cluster.slowCommands(primary, 400);
  expect(await measureFourCommands()).toBeGreaterThan(600);
  await fault.heal();
  expect(await measureFourCommands()).toBeLessThan(600);
  await cluster.slowCommands(primary, 400);
  await cluster.restart(primary);
  expect(await measureFourCommands()).toBeLessThan(600);
  expect(cluster.activeFaults).toEqual([]);
  expect(cluster.history.faults.at(-1)?.healedAt).toBeGreaterThan(0);
});

test("slowCommands() is reverted on the other nodes if one node rejects it", async ({ cluster }) => {
  const [first, second] = (await cluster.replicas()) as [RedisClusterNode, RedisClusterNode];
  // Both nodes run, so the call slows down the first node before the server of the second one rejects the command.
  await second.client.call("ACL", "SETUSER", "default", "-client");
  try {
    await expect(cluster.slowCommands([first, second], 400)).rejects.toMatchObject({
      code: "FAULT_FAILED",
      message: expect.stringContaining(`${second.name} could not be slowed down: NOPERM`),
    });
  } finally {
    await second.client.call("ACL", "SETUSER", "default", "+client");
  }
  expect(cluster.activeFaults).toEqual([]);
  const startedAt = performance.now();
  for (let round = 0; round < 4; round += 1) expect(await first.client.ping()).toBe("PONG");
  // If the first node were still slow, at least three of the commands would wait for a complete pause.
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
