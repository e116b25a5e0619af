import type { StartedRedisCluster } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { expectHealed } from "../../support/expect-healed.ts";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
const testWithTwoReplicas = redisClusterTest({ scope: "test", nodes: 9, replicas: 2, nodeTimeoutMs: 500 });
test.afterEach(({ cluster }) => expectHealed(cluster));

test("a random target selects the same nodes with the same seed", async ({ cluster }) => {
  const first = await cluster.select({ random: 2, seed: 7 });
  expect(await cluster.select({ random: 2, seed: 7 })).toEqual(first);
  const fault = await cluster.pause({ random: 1, role: "replica" });
  expect(fault.description).toContain(`chosen with seed ${fault.seed}`);
  await fault.heal();
  const again = await cluster.select({ random: 1, role: "replica", seed: fault.seed });
  expect(again.map(({ name }) => name)).toEqual(fault.nodes);
});

test("history.seeds contains the seed of every call with a random target", async ({ cluster }) => {
  const before = cluster.history.seeds.length;
  const [chosen] = await cluster.select({ random: 1, role: "replica" });
  const fault = await cluster.pause({ random: 1, role: "replica" });
  await fault.heal();
  await cluster.resume({ random: 1, role: "replica", seed: 7 });
  const seeds = cluster.history.seeds.slice(before);
  expect(seeds.map(({ what }) => what)).toEqual([
    `Selecting ${chosen?.name}`,
    `Pausing ${fault.nodes.join()}`,
    expect.stringMatching(/^Resuming node-\d$/),
  ]);
  expect(seeds.map(({ seed }) => seed)).toEqual([expect.any(Number), fault.seed, 7]);
  const again = await cluster.select({ random: 1, role: "replica", seed: seeds[0]?.seed });
  expect(again).toEqual([chosen]);
});

testWithTwoReplicas("{ primaryOf } selects the current primary, after each failover", async ({ cluster }) => {
  const first = await cluster.primaryOf(KEY);
  await using _firstKill = await cluster.kill({ primaryOf: KEY });
  const second = await cluster.primaryOf(KEY);
  await using _secondKill = await cluster.kill({ primaryOf: KEY });
  const third = await cluster.primaryOf(KEY, { timeoutMs: 20_000 });
  expect(new Set([first, second, third]).size).toBe(3);
});

// Arguments that are invalid in every state of the cluster are tested in create-faults.test.ts, without a cluster.
test.for<readonly [string, (cluster: StartedRedisCluster) => Promise<unknown>, RegExp]>([
  [
    "freezeReplication() of a primary",
    (cluster) => cluster.freezeReplication({ primaryOf: KEY }),
    /expected one or more of the replicas node-\d, node-\d, node-\d, got node-\d\. Only a/,
  ],
  [
    "failover() to a primary",
    (cluster) => cluster.failover({ primaryOf: KEY }),
    /expected a replica, got node-\d, which is a primary/,
  ],
  [
    "kill() of more nodes than there are",
    (cluster) => cluster.kill({ random: 9 }),
    /expected at least 9 nodes to choose from, got 6/,
  ],
])("%s is rejected and changes nothing", async ([, call, message], { cluster }) => {
  await expect(call(cluster)).rejects.toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) }),
  );
  expect((await cluster.check()).problems).toEqual([]);
  expect(await Promise.all(cluster.nodes.map(async (node) => (await node.state()).status))).toEqual(
    cluster.nodes.map(() => "running"),
  );
});
