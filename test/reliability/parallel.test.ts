import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { CROWDED_NODE_TIMEOUT_MS } from "../support/crowded.ts";
import { leftovers } from "../support/engine.ts";
import { runParallel } from "../support/parallel.ts";

test("clusters that start concurrently in one process do not share subnets or keys", async () => {
  const start = (): Promise<StartedRedisCluster> =>
    startRedisCluster({ access: "published", nodes: 3, replicas: 0, nodeTimeoutMs: CROWDED_NODE_TIMEOUT_MS });
  const clusters = await Promise.all([start(), start(), start()]);
  try {
    expect(new Set(clusters.map(({ network }) => network.subnet)).size).toBe(3);
    await Promise.all(clusters.map((cluster, index) => cluster.client.set("owner", String(index))));
    expect(await Promise.all(clusters.map((cluster) => cluster.client.get("owner")))).toEqual([
      "0",
      "1",
      "2",
    ]);
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
  expect(await leftovers()).toEqual([]);
});

test("clusters of several processes do not share names, subnets, ports or keys", async () => {
  const { clusters, collisions, failures } = await runParallel(3, 2);
  expect(failures).toEqual([]);
  expect(clusters).toHaveLength(6);
  expect(clusters.flatMap(({ problems }) => problems)).toEqual([]);
  expect(collisions).toEqual([]);
  expect(await leftovers()).toEqual([]);
});
