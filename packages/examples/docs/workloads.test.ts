import { formatLedger } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1, nodeTimeoutMs: 500 });

test("shows that no acknowledged write was lost", { timeout: 60_000 }, async ({ cluster }) => {
  // #region no-lost-writes
  const workload = await cluster.startWorkload({ wait: 1 }); // a write counts if a replica has it, too
  await cluster.observeFailover(() => cluster.killPrimary("order:42"));
  const ledger = await workload.stop();

  console.log(formatLedger(ledger));
  expect(ledger).toHaveLostNoAcknowledgedWrites();
  // #endregion
  expect(ledger.acknowledged).toBeGreaterThan(0);
});

// #region fixture
test("no write is lost", { timeout: 60_000 }, async ({ cluster, workload }) => {
  await workload({ wait: 1, kinds: ["set", "member"] });
  await cluster.observeFailover(() => cluster.killPrimary("order:42"));
}); // stops the workload; a lost, duplicated or stale write fails the test
// #endregion

test("measures how long a shard accepted no writes", { timeout: 60_000 }, async ({ cluster }) => {
  // #region unavailability
  const workload = await cluster.startWorkload();
  const { shard, since } = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
  await workload.waitForAcknowledged(shard, since); // a write that the promoted node acknowledged
  const ledger = await workload.stop();

  console.log(ledger.shards[shard]?.unavailableMs);
  expect(ledger).toHaveBeenUnavailableAtMost(10_000);
  // #endregion
  expect(ledger.shards[shard]?.unavailableMs).toBeGreaterThan(0);
});

test("uses the client options of a service", { timeout: 60_000 }, async ({ cluster }) => {
  // #region client-options
  const workload = await cluster.startWorkload({
    writers: 4,
    ratePerSecond: 500,
    client: { maxRedirections: 50, slotsRefreshInterval: 1_000 },
  });
  // #endregion
  await workload.waitForAcknowledged(0, Date.now());
  const ledger = await workload.stop();
  expect(ledger.lost).toEqual([]);
  expect(ledger.endedClients).toEqual([]);
});

test("finds writes that are lost for certain", { timeout: 60_000 }, async ({ cluster }) => {
  // #region lose-writes
  const { plannedShard } = await cluster.primaryOf("order:42");
  const frozen = await cluster.freezeReplication({ replicaOf: "order:42" });
  const workload = await cluster.startWorkload({ kinds: ["set"] });
  await workload.waitForAcknowledged(plannedShard, Date.now());

  await cluster.killPrimary("order:42");
  await cluster.primaryOf("order:42"); // waits for the promotion
  await frozen.heal();
  const ledger = await workload.stop();

  console.log(ledger.lost[0]); // { key, kind, value, shard, sentAt, acknowledgedAt, acknowledgedBy }
  expect(ledger.lost.length).toBeGreaterThan(0);
  // #endregion
  expect(new Set(ledger.lost.map(({ shard }) => shard))).toEqual(new Set([plannedShard]));
});
