import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { CROWDED_NODE_TIMEOUT_MS } from "../support/crowded.ts";
import { leftovers } from "../support/engine.ts";
import { runParallel } from "../support/parallel.ts";

test("clusters that start at once in one process do not collide, and do not see each other's keys", async () => {
  const start = (): Promise<StartedRedisCluster> =>
    startRedisCluster({ nodes: 3, replicas: 0, nodeTimeoutMs: CROWDED_NODE_TIMEOUT_MS });
  const clusters = await Promise.all([start(), start(), start()]);
  try {
    expect(new Set(clusters.map(({ network }) => network.subnet)).size).toBe(3);
    await Promise.all(clusters.map((cluster, index) => cluster.client.set("who", String(index))));
    expect(await Promise.all(clusters.map((cluster) => cluster.client.get("who")))).toEqual(["0", "1", "2"]);
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
  expect(await leftovers()).toEqual([]);
});

test("clusters of several processes that live at the same time do not collide", async () => {
  const { clusters, collisions, failures } = await runParallel(3, 2);
  expect(failures).toEqual([]);
  expect(clusters).toHaveLength(6);
  expect(clusters.flatMap(({ problems }) => problems)).toEqual([]);
  expect(collisions).toEqual([]);
  expect(await leftovers()).toEqual([]);
});
