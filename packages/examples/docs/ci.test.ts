import { startRedisCluster, sweepOrphans } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";

test("a sweep keeps the cluster of a running process", { timeout: 90_000 }, async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  // #region sweep
  const { removed, left, failed } = await sweepOrphans({ dryRun: true });
  // #endregion
  expect(failed).toEqual([]);
  expect(removed.map((resource) => resource.cluster)).not.toContain(cluster.info.name);
  const kept = left.filter((resource) => resource.cluster === cluster.info.name);
  expect(kept.length).toBeGreaterThanOrEqual(4); // three containers and a network
  expect(new Set(kept.map(({ reason }) => reason))).toEqual(new Set(["owner-alive"]));
});
