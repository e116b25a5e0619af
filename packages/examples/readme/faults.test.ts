import { report } from "testcontainers-redis-cluster/report";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("injects faults and heals them", { timeout: 90_000 }, async ({ cluster }) => {
  // #region faults
  await cluster.kill({ primaryOf: "order:42" }); // SIGKILL
  await cluster.pause("node-3"); // stops the process without ending it; its connections stay open
  await cluster.partition([["node-0", "node-4"], "rest"]); // drops the packets between the groups
  await cluster.freezeReplication("node-4"); // stays a healthy replica, but receives no more writes
  await cluster.slowCommands("node-2", 200); // answers up to 200 ms later
  await cluster.heal(); // reverts all of them
  // #endregion
  expect(cluster.activeFaults).toEqual([]);
  await cluster.waitUntilHealthy();
});

test("measures a failover and finds lost writes", { timeout: 60_000 }, async ({ cluster }) => {
  // #region measure
  const workload = await cluster.startWorkload({ writers: 8, ratePerSecond: 2_000 });
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
  const ledger = await workload.stop(); // compares every acknowledged write with what the primaries have

  console.log(report(failover, ledger, { title: "A primary is killed" }).toText());
  console.log(failover.phases.recoveredMs, ledger.lost, ledger.shards[failover.shard]?.unavailableMs);
  // #endregion
  expect(failover).toHavePromotedReplica();
  expect(failover).toHaveRecoveredWithin(10_000);
  expect(ledger.acknowledged).toBeGreaterThan(0);
});
