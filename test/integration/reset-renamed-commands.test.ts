import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";

// Hardened servers have no commands that delete everything, or none that administrators need only.
const REMOVED = [
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
    config: { "rename-command": REMOVED.map((name) => `${name} ""`) },
  });
});
afterAll(async () => {
  await cluster.stop();
});

async function keys(): Promise<readonly number[]> {
  return await Promise.all(cluster.nodes.map(({ client }) => client.dbsize()));
}

test("a reset deletes the keys of servers without FLUSHALL, and keeps every process", async () => {
  await Promise.all(Array.from({ length: 2_500 }, (_, index) => cluster.client.set(`key:${index}`, index)));
  expect(await cluster.reset()).toMatchObject({ way: "cleaned", restarted: [] });
  expect(await keys()).toEqual([0, 0, 0, 0, 0, 0]);
});

test("a reset replaces the process of a node whose state it has no command for", async () => {
  // EVAL caches its script, which only SCRIPT FLUSH would forget.
  await cluster.node("node-3").client.eval("return 1", 0);
  expect(await cluster.reset()).toMatchObject({ way: "mended", restarted: ["node-3"] });
  const { name, client } = await cluster.primaryOf("order:42");
  await client.set(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("{order:42}")]), 1);
  const report = await cluster.reset();
  expect(report.way).toBe("mended");
  expect(report.restarted).toContain(name);
  expect(await keys()).toEqual([0, 0, 0, 0, 0, 0]);
});

test("a reset after a kill restarts only the dead node of servers without FLUSHALL", async () => {
  await cluster.client.set("order:42", 1);
  const { name } = await cluster.primaryOf("order:42");
  await cluster.killMaster("order:42");
  const report = await cluster.reset();
  expect(report).toMatchObject({ way: "mended", restarted: [name] });
  expect(report.because).not.toContain("not enough");
  expect(await keys()).toEqual([0, 0, 0, 0, 0, 0]);
});
