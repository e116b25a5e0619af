import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runScript } from "../support/run-script.ts";

test("clusters that start at once in one process do not collide, and do not see each other's keys", async () => {
  const clusters = await Promise.all([1, 2, 3].map(() => startRedisCluster({ nodes: 3, replicas: 0 })));
  try {
    expect(new Set(clusters.map(({ network }) => network.subnet)).size).toBe(3);
    await Promise.all(clusters.map((cluster, index) => cluster.client.set("who", String(index))));
    expect(await Promise.all(clusters.map((cluster) => cluster.client.get("who")))).toEqual(["0", "1", "2"]);
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
  expect(await leftovers()).toEqual([]);
});

test("clusters that start at once in several processes do not collide", async () => {
  const script = `
    import { startRedisCluster } from "testcontainers-redis-cluster";
    const clusters = await Promise.all([1, 2].map(() => startRedisCluster({ nodes: 3, replicas: 0 })));
    for (const cluster of clusters) {
      if (!(await cluster.check()).ok) throw new Error("not healthy");
      console.log(cluster.network.subnet);
      await cluster.stop();
    }`;
  const outputs = await Promise.all([1, 2].map(() => runScript(script)));
  const subnets = outputs.flatMap(({ stdout }) => stdout.trim().split("\n"));
  expect(subnets).toHaveLength(4);
  expect(await leftovers()).toEqual([]);
});

test("a process whose cluster has been stopped ends by itself, without a word", async () => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    {
      await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
      await cluster.client.set("x", "1");
      await cluster.node("node-1").client.ping();
      await cluster.kill("node-2");
    }
    console.log("stopped");`);
  expect(stdout).toBe("stopped\n");
  expect(stderr).toBe("");
});
