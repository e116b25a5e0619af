import {
  type RedisClusterOptions,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { exec } from "../support/engine.ts";
import { disableFailureDetection } from "../support/failure-detection.ts";
import { isBefore7 } from "../support/server-version.ts";

// Data that one test wrote to a file must not return when a later test restarts a node.

const SHARD: RedisClusterOptions = { nodes: 2, replicas: 1, nodeTimeoutMs: 15_000 };
const SEED = "order";
const LEFTOVER = "{order}:left";
const NO_FLUSH = ['FLUSHALL ""', 'FLUSHDB ""'];

async function setOnAll({ nodes }: StartedRedisCluster, name: string, value: string): Promise<void> {
  await Promise.all(nodes.map(({ client }) => client.config("SET", name, value)));
}

/** Waits until the save points of every node have written all its data to its file. */
async function waitUntilSaved({ nodes }: StartedRedisCluster): Promise<void> {
  for (const { client } of nodes) {
    await expect
      .poll(() => client.info("persistence"), { timeout: 20_000 })
      .toMatch(/rdb_changes_since_last_save:0\r\nrdb_bgsave_in_progress:0\r\n/);
  }
}

/** Writes a key to the files of both nodes, with a save point that is set only temporarily. */
async function writeLeftoverToFiles(cluster: StartedRedisCluster): Promise<void> {
  const [, save] = await cluster.node("node-0").client.config("GET", "save");
  await cluster.client.set(LEFTOVER, "1");
  await cluster.client.wait(1, 0);
  await setOnAll(cluster, "save", "1 1");
  await waitUntilSaved(cluster);
  await setOnAll(cluster, "save", String(save));
}

/** Returns the names of the nodes whose file contains the key. */
async function findNodesWithLeftover({ nodes }: StartedRedisCluster): Promise<readonly string[]> {
  const results = await Promise.all(
    nodes.map(({ containerId }) => exec(containerId, ["grep", "-c", LEFTOVER, "dump.rdb"])),
  );
  return nodes.filter((_, index) => results[index]?.exitCode === 0).map(({ name }) => name);
}

/** Kills and restarts the primary without a failover, and returns the values of both keys. */
async function readAfterKill(cluster: StartedRedisCluster): Promise<readonly (string | null)[]> {
  await disableFailureDetection(cluster);
  const kill = await cluster.killPrimary(SEED);
  await kill.heal();
  return await cluster.client.mget(SEED, LEFTOVER);
}

test("old data does not return from snapshots of a cluster with a seed", async () => {
  await using cluster = await startRedisCluster({
    ...SHARD,
    persistence: "rdb",
    seed: (client) => client.set(SEED, "paid"),
  });
  await cluster.client.set(LEFTOVER, "1");
  await waitUntilSaved(cluster);
  expect(await findNodesWithLeftover(cluster)).toEqual(["node-0", "node-1"]);
  expect(await cluster.reset()).toMatchObject({ strategy: "cleaned", restarted: [] });
  expect(await findNodesWithLeftover(cluster)).toEqual([]);
  expect(await readAfterKill(cluster)).toEqual(["paid", null]);
});

test("the snapshots contain the seed as soon as the start resolves", async () => {
  await using cluster = await startRedisCluster({
    ...SHARD,
    config: { save: "900 1" },
    seed: (client) => client.set(SEED, "paid"),
  });
  // On a busy machine, slow commands may be reported as well.
  expect((await cluster.findChanges()).filter((change) => /executed|CLIENT PAUSE/.test(change))).toEqual([]);
  expect(await readAfterKill(cluster)).toEqual(["paid", null]);
});

test("old data does not return from snapshots of servers without FLUSHALL", async () => {
  await using cluster = await startRedisCluster({
    ...SHARD,
    config: { save: "900 1", "rename-command": NO_FLUSH },
  });
  await writeLeftoverToFiles(cluster);
  expect(await cluster.reset()).toMatchObject({ strategy: "cleaned", restarted: [] });
  expect(await findNodesWithLeftover(cluster)).toEqual([]);
  // The SAVE of the first reset does not count as a change.
  expect(await cluster.reset()).toMatchObject({ strategy: "cleaned", restarted: [] });
  expect(await readAfterKill(cluster)).toEqual([null, null]);
});

test("a reset replaces every process if servers cannot rewrite their snapshots", async () => {
  await using cluster = await startRedisCluster({
    ...SHARD,
    config: { save: "900 1", "rename-command": [...NO_FLUSH, 'SAVE ""', 'BGSAVE ""'] },
  });
  await writeLeftoverToFiles(cluster);
  const report = await cluster.reset();
  expect(report).toMatchObject({ strategy: "rebuilt", restarted: ["node-0", "node-1"] });
  expect(report.reason).toContain("failed to rewrite a file: SAVE: ");
  expect(await findNodesWithLeftover(cluster)).toEqual([]);
  expect(await readAfterKill(cluster)).toEqual([null, null]);
});

test("old data does not return from a file of a sync that servers keep", async () => {
  await using cluster = await startRedisCluster({ ...SHARD, config: { "rdb-del-sync-files": false } });
  await cluster.client.set(LEFTOVER, "1");
  const replica = String((await cluster.replicasOf(SEED))[0]);
  await cluster.kill(replica);
  await cluster.restart(replica, { data: "wiped" });
  expect(await findNodesWithLeftover(cluster)).toContain((await cluster.primaryOf(SEED)).name);
  // Before 7.0, the primary of a sync writes its data to a file, too.
  expect(await cluster.reset()).toMatchObject(
    (await isBefore7())
      ? { strategy: "rebuilt", restarted: ["node-0", "node-1"] }
      : { strategy: "repaired", restarted: [replica] },
  );
  expect(await findNodesWithLeftover(cluster)).toEqual([]);
  expect(await readAfterKill(cluster)).toEqual([null, null]);
});
