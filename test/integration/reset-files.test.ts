import {
  type RedisClusterOptions,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { exec } from "../support/engine.ts";
import { disableFailureDetection } from "../support/failure-detection.ts";

// What a use wrote to a file must not come back when a later use kills a node and starts it again.

const SHARD: RedisClusterOptions = { nodes: 2, replicas: 1, nodeTimeoutMs: 15_000 };
const SEED = "order";
const LEFT = "{order}:left";
const NO_FLUSH = ['FLUSHALL ""', 'FLUSHDB ""'];

async function setOnAll({ nodes }: StartedRedisCluster, name: string, value: string): Promise<void> {
  await Promise.all(nodes.map(({ client }) => client.config("SET", name, value)));
}

/** Waits until every node has written all its data to its file, by save points. */
async function haveSaved({ nodes }: StartedRedisCluster): Promise<void> {
  for (const { client } of nodes) {
    await expect
      .poll(() => client.info("persistence"), { timeout: 20_000 })
      .toMatch(/rdb_changes_since_last_save:0\r\nrdb_bgsave_in_progress:0\r\n/);
  }
}

/** Writes a key that is in the files of both nodes afterwards, by a save point that is set for a moment. */
async function leaveFiles(cluster: StartedRedisCluster): Promise<void> {
  const [, save] = await cluster.node("node-0").client.config("GET", "save");
  await cluster.client.set(LEFT, "1");
  await cluster.client.wait(1, 0);
  await setOnAll(cluster, "save", "1 1");
  await haveSaved(cluster);
  await setOnAll(cluster, "save", String(save));
}

/** The names of the nodes whose file has the key. */
async function nodesWithKeyInFile({ nodes }: StartedRedisCluster): Promise<readonly string[]> {
  const found = await Promise.all(
    nodes.map(({ containerId }) => exec(containerId, ["grep", "-c", LEFT, "dump.rdb"])),
  );
  return nodes.filter((_, index) => found[index]?.exitCode === 0).map(({ name }) => name);
}

/** Kills the primary, starts it again and returns the values of both keys. Its replica does not take over. */
async function afterKill(cluster: StartedRedisCluster): Promise<readonly (string | null)[]> {
  await disableFailureDetection(cluster);
  const killed = await cluster.killMaster(SEED);
  await killed.heal();
  return await cluster.client.mget(SEED, LEFT);
}

test("data of an earlier use does not return from a snapshot of a cluster with a seed", async () => {
  await using cluster = await startRedisCluster({
    ...SHARD,
    persistence: "rdb",
    seed: (client) => client.set(SEED, "paid"),
  });
  await cluster.client.set(LEFT, "1");
  await haveSaved(cluster);
  expect(await nodesWithKeyInFile(cluster)).toEqual(["node-0", "node-1"]);
  expect(await cluster.reset()).toMatchObject({ way: "cleaned", restarted: [] });
  expect(await nodesWithKeyInFile(cluster)).toEqual([]);
  expect(await afterKill(cluster)).toEqual(["paid", null]);
});

test("a seed is in the snapshots as soon as the start resolves", async () => {
  await using cluster = await startRedisCluster({
    ...SHARD,
    config: { save: "900 1" },
    seed: (client) => client.set(SEED, "paid"),
  });
  // On a busy machine there may be slow commands too.
  expect((await cluster.findChanges()).filter((each) => /executed|CLIENT PAUSE/.test(each))).toEqual([]);
  expect(await afterKill(cluster)).toEqual(["paid", null]);
});

test("data of an earlier use does not return from a snapshot of servers without FLUSHALL", async () => {
  await using cluster = await startRedisCluster({
    ...SHARD,
    config: { save: "900 1", "rename-command": NO_FLUSH },
  });
  await leaveFiles(cluster);
  expect(await cluster.reset()).toMatchObject({ way: "cleaned", restarted: [] });
  expect(await nodesWithKeyInFile(cluster)).toEqual([]);
  // The command by which the reset saved is no trace.
  expect(await cluster.reset()).toMatchObject({ way: "cleaned", restarted: [] });
  expect(await afterKill(cluster)).toEqual([null, null]);
});

test("a reset replaces every process if servers cannot write their snapshot again", async () => {
  await using cluster = await startRedisCluster({
    ...SHARD,
    config: { save: "900 1", "rename-command": [...NO_FLUSH, 'SAVE ""', 'BGSAVE ""'] },
  });
  await leaveFiles(cluster);
  const report = await cluster.reset();
  expect(report).toMatchObject({ way: "rebuilt", restarted: ["node-0", "node-1"] });
  expect(report.because).toContain("failed to rewrite a file: SAVE: ");
  expect(await nodesWithKeyInFile(cluster)).toEqual([]);
  expect(await afterKill(cluster)).toEqual([null, null]);
});

test("data of an earlier use does not return from a file of a sync that servers keep", async () => {
  await using cluster = await startRedisCluster({ ...SHARD, config: { "rdb-del-sync-files": false } });
  await cluster.client.set(LEFT, "1");
  const replica = String((await cluster.replicasOf(SEED))[0]);
  await cluster.kill(replica);
  await cluster.restart(replica, { data: "wiped" });
  expect(await nodesWithKeyInFile(cluster)).toContain((await cluster.primaryOf(SEED)).name);
  expect(await cluster.reset()).toMatchObject({ way: "mended", restarted: [replica] });
  expect(await nodesWithKeyInFile(cluster)).toEqual([]);
  expect(await afterKill(cluster)).toEqual([null, null]);
});
