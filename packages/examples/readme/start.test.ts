import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";

test("starts a cluster without fixtures", { timeout: 90_000 }, async () => {
  // #region start
  await using cluster = await startRedisCluster(); // three primaries with one replica each
  await cluster.killPrimary("order:42");
  const promoted = await cluster.primaryOf("order:42"); // waits for the failover
  // #endregion
  expect(promoted.plannedRole).toBe("replica");
});
