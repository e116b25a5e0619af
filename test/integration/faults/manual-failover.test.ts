import type { RedisClusterNode } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { expectHealed } from "../../support/expect-healed.ts";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
const testWithoutElectionLogs = redisClusterTest({
  scope: "test",
  nodeTimeoutMs: 500,
  config: { loglevel: "warning" },
});
test.afterEach(({ cluster }) => expectHealed(cluster));

test.for(["graceful", "force", "takeover"] as const)(
  "failover() with mode %s promotes the given replica",
  async (mode, { cluster }) => {
    const before = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    await cluster.failover(replica ?? "", { mode });
    expect((await cluster.primaryOf(KEY)).name).toBe(replica?.name);
    await cluster.waitUntilHealthy();
    expect((await cluster.replicasOf(KEY)).map(String)).toEqual([before.name]);
  },
);

test("repeated failovers between two nodes lose no acknowledged write", async ({ cluster }) => {
  const first = await cluster.primaryOf(KEY);
  // In the third round the server of the replica would still count its votes of the first round.
  for (let round = 1; round <= 3; round += 1) {
    const [replica] = await cluster.replicasOf(KEY);
    await cluster.failover(replica ?? "", { mode: "force" });
    expect((await cluster.primaryOf(KEY)).name).toBe(replica?.name);
    await replica?.client.set(KEY, `written to ${replica.name}`);
    await cluster.waitUntilHealthy();
    expect(await cluster.client.get(KEY)).toBe(`written to ${replica?.name}`);
  }
  expect(await cluster.replicasOf(KEY)).toEqual([first]);
});

// Without the log lines of an election, the library cannot wait until a server has forgotten its votes. The other nodes ignore a
// promotion with old votes, so the library has to request it again.
testWithoutElectionLogs("failover() repeats a promotion that other nodes ignore", async ({ cluster }) => {
  for (let round = 0; round < 3; round += 1) {
    const [replica] = await cluster.replicasOf(KEY);
    await cluster.failover(replica ?? "", { mode: "force" });
    expect((await cluster.primaryOf(KEY)).name).toBe(replica?.name);
    await cluster.waitUntilHealthy();
  }
});

test("a graceful failover times out with the reason if the replica cannot catch up", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const [replica] = await cluster.replicasOf(KEY);
  const frozen = await cluster.freezeReplication(replica ?? "");
  await primary.client.set(KEY, "missing on the replica");
  await expect(cluster.failover(replica ?? "", { timeoutMs: 2_000 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringMatching(
      /Failing over to node-\d: not done after 2000 ms\. Still: node-\d has not taken over/,
    ),
  });
  expect((await cluster.primaryOf(KEY)).name).toBe(primary.name);
  await frozen.heal();
  // Otherwise the server would still take over as soon as it has caught up.
  await cluster.restart(replica ?? "");
});

test("a graceful failover waits until the primary lists the replica", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const [replica] = (await cluster.replicasOf(KEY)) as [RedisClusterNode];
  await replica.client.config("SET", "replica-announce-port", "7000");
  // The replica announces the port when it connects again.
  await primary.client.call("CLIENT", "KILL", "TYPE", "replica");
  await expect(cluster.failover(replica, { timeoutMs: 4_000 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringMatching(
      `Still: ${primary.name} does not list ${replica.name} \\([\\d.]+:6379\\) as an online replica; it lists ip=[\\d.]+,port=7000,state=online`,
    ),
  });
  await replica.client.config("SET", "replica-announce-port", "0");
  await primary.client.call("CLIENT", "KILL", "TYPE", "replica");
  await cluster.failover(replica);
  expect((await cluster.primaryOf(KEY)).name).toBe(replica.name);
  await cluster.waitUntilHealthy();
});

test("a graceful failover with a dead primary times out and suggests mode force", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const [replica] = (await cluster.replicasOf(KEY)) as [RedisClusterNode];
  // Otherwise the other primaries could elect the replica before the timeout.
  await replica.client.config("SET", "cluster-replica-no-failover", "yes");
  await using _killed = await cluster.kill(primary);
  await expect(cluster.failover(replica, { timeoutMs: 2_000 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringContaining(`Still: its primary ${primary.name} does not answer: use mode "force"`),
  });
});

test("failover() resolves if the other primaries elect the replica themselves", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const [replica] = (await cluster.replicasOf(KEY)) as [RedisClusterNode];
  await replica.client.config("SET", "cluster-replica-no-failover", "yes");
  await using killed = await cluster.kill(primary);
  // The election must not come before failover() has read that the node is a replica.
  const countViewReads = async (): Promise<number> =>
    Number(/cluster(?:\|nodes)?:calls=(\d+)/.exec(await replica.client.info("commandstats"))?.[1] ?? 0);
  const before = await countViewReads();
  const promoting = cluster.failover(replica);
  await expect.poll(countViewReads, { timeout: 5_000 }).toBeGreaterThan(before);
  await replica.client.config("SET", "cluster-replica-no-failover", "no");
  await promoting;
  expect((await cluster.primaryOf(KEY)).name).toBe(replica.name);
  await killed.heal();
});
