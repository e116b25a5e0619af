import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import {
  assertLostNoAcknowledgedWrites,
  assertPromotedReplica,
  assertRecoveredWithin,
  startRedisCluster,
} from "testcontainers-redis-cluster";

/** @type {import("testcontainers-redis-cluster").StartedRedisCluster} */
let cluster;

// Longer than the limit of the start itself: 66 s for six nodes, without the image pull. Its error names the phase.
before(
  async () => {
    cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
  },
  { timeout: 120_000 },
);
beforeEach(() => cluster.reset(), { timeout: 120_000 });
afterEach(async (t) => {
  if (t.passed) return;
  const folder = await cluster?.saveEvidence(undefined, { title: t.fullName, error: t.error });
  if (folder) t.diagnostic(`evidence: ${folder}`);
});
after(() => cluster?.stop());

test("an order is taken", async () => {
  await cluster.client.set("order:42", "paid");
  assert.equal(await cluster.client.get("order:42"), "paid");
});

test("the next test finds an empty cluster", async () => {
  assert.equal(await cluster.client.get("order:42"), null);
});

test("no order is lost when its primary is killed", { timeout: 60_000 }, async () => {
  const workload = await cluster.startWorkload({ wait: 1 }); // a write is acknowledged when a replica has it
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"), { withinMs: 15_000 });
  const ledger = await workload.stop();

  assertPromotedReplica(failover, { withinMs: 10_000 });
  assertRecoveredWithin(failover, 10_000);
  assertLostNoAcknowledgedWrites(ledger);
});
