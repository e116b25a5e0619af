import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";

// Hardened servers lack the commands that delete all data, or that only administrators need.
const REMOVED_COMMANDS = [
  "FLUSHALL",
  "FLUSHDB",
  "KEYS",
  "DEBUG",
  "SHUTDOWN",
  "BGSAVE",
  "SAVE",
  "SLOWLOG",
  "LATENCY",
  "SCRIPT",
];

let cluster: StartedRedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster({
    nodeTimeoutMs: 15_000,
    config: { "rename-command": REMOVED_COMMANDS.map((name) => `${name} ""`) },
  });
});
afterAll(async () => {
  await cluster.stop();
});

/** Returns the number of keys of each node. */
async function countKeys(): Promise<readonly number[]> {
  return await Promise.all(cluster.nodes.map(({ client }) => client.dbsize()));
}

test("a reset deletes all keys without FLUSHALL, and keeps every process", async () => {
  await Promise.all(Array.from({ length: 2_500 }, (_, index) => cluster.client.set(`key:${index}`, index)));
  expect(await cluster.reset()).toMatchObject({ strategy: "cleaned", restarted: [] });
  expect(await countKeys()).toEqual([0, 0, 0, 0, 0, 0]);
});

test("a reset replaces a process if no command can revert its state", async () => {
  // EVAL caches its script. Only SCRIPT FLUSH would delete it.
  await cluster.node("node-3").client.eval("return 1", 0);
  expect(await cluster.reset()).toMatchObject({ strategy: "repaired", restarted: ["node-3"] });
  const { name, client } = await cluster.primaryOf("order:42");
  await client.set(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("{order:42}")]), 1);
  const report = await cluster.reset();
  expect(report.strategy).toBe("repaired");
  expect(report.restarted).toContain(name);
  expect(await countKeys()).toEqual([0, 0, 0, 0, 0, 0]);
});

test("a reset without FLUSHALL restarts only the killed node", async () => {
  await cluster.client.set("order:42", 1);
  const { name } = await cluster.primaryOf("order:42");
  await cluster.killPrimary("order:42");
  const report = await cluster.reset();
  expect(report).toMatchObject({ strategy: "repaired", restarted: [name] });
  expect(report.reason).not.toContain("not enough");
  expect(await countKeys()).toEqual([0, 0, 0, 0, 0, 0]);
});
