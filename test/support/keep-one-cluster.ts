import type { RedisClusterTest } from "testcontainers-redis-cluster/vitest";
import { afterAll, expect } from "vitest";

/**
 * Requests the cluster of every test of a suite in a hook. So its start and its reset have the timeout of hooks, and the test has
 * its whole timeout for itself.
 *
 * Fails the suite if its tests had several clusters. The fixture replaces a cluster that cannot be reset, which would hide the
 * failed reset.
 *
 * @param test the result of `redisClusterTest` with which the tests of the suite are declared.
 */
export function keepOneCluster(test: RedisClusterTest): void {
  const clusterNames = new Set<string>();
  test.beforeEach(({ cluster }) => {
    clusterNames.add(cluster.plan.name);
  });
  afterAll(() => {
    expect(clusterNames.size, "number of clusters, which is 1 if every reset succeeded").toBeLessThanOrEqual(
      1,
    );
  });
}
