import type { RedisClusterNode } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { expectHealed } from "../../support/expect-healed.ts";
import { setReplicated } from "../../support/set-replicated.ts";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
test.afterEach(({ cluster }) => expectHealed(cluster));

test("a write is certainly lost if replication is frozen when its primary dies", async ({ cluster }) => {
  const [replica] = await cluster.select({ replicaOf: KEY });
  const primary = await setReplicated(cluster, KEY, "old");
  const frozen = await cluster.freezeReplication(replica ?? "");
  await primary.client.set(KEY, "acknowledged and lost");
  await using _killed = await cluster.kill(primary);
  expect((await cluster.primaryOf(KEY)).name).toBe(replica?.name);
  expect(await replica?.client.get(KEY)).toBe("old");
  await frozen.heal();
});

test("WAIT counts no replica while replication is frozen, and no node suspects another", async ({
  cluster,
}) => {
  const [replica] = await cluster.select({ replicaOf: KEY });
  const primary = await cluster.primaryOf(KEY);
  await using _frozen = await cluster.freezeReplication(replica ?? "");
  await primary.client.set(KEY, "only on the primary");
  expect(await primary.client.wait(1, 300)).toBe(0);
  expect(await cluster.primaryOf(KEY)).toBe(primary);
  expect((await cluster.check()).problems.filter((problem) => problem.includes("flags"))).toEqual([]);
});

test("a frozen replica does not synchronize after a restart, until it is healed", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const [replica] = (await cluster.replicasOf(KEY)) as [RedisClusterNode];
  const frozen = await cluster.freezeReplication(replica);
  await primary.client.set(KEY, "missed");
  await (await cluster.kill(replica)).heal();
  expect(await replica.client.info("replication")).toContain("master_link_status:down");
  await frozen.heal();
  await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
  expect(await replica.client.info("replication")).toContain("master_link_status:up");
});
