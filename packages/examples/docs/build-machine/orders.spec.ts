import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 3, replicas: 0, nodeTimeoutMs: 800 });

test("the time scale applies to the cluster and to the test", async ({ cluster, task }) => {
  expect(cluster.info.nodeTimeoutMs).toBe(1_600);
  expect(task.timeout).toBe(60_000);
  await expect(cluster).toBeHealthy();
});
