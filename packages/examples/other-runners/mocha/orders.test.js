import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, it } from "mocha";
import {
  assertLostNoAcknowledgedWrites,
  assertPromotedReplica,
  assertRecoveredWithin,
  startRedisCluster,
} from "testcontainers-redis-cluster";

/** @type {import("testcontainers-redis-cluster").StartedRedisCluster} */
let cluster;

before(async function () {
  this.timeout(120_000); // longer than the limit of the start itself: 66 s, without the image pull
  cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
});
beforeEach(async function () {
  this.timeout(120_000);
  await cluster.reset();
});
afterEach(async function () {
  const { state, err } = this.currentTest;
  if (state !== "failed") return;
  this.timeout(30_000);
  const title = this.currentTest.fullTitle();
  console.error("evidence:", await cluster.saveEvidence(undefined, { title, error: err }));
});
after(async function () {
  this.timeout(60_000);
  await cluster?.stop();
});

it("takes an order", async () => {
  await cluster.client.set("order:42", "paid");
  assert.equal(await cluster.client.get("order:42"), "paid");
});

it("gives the next test an empty cluster", async () => {
  assert.equal(await cluster.client.get("order:42"), null);
});

it("loses no order when its primary is killed", async function () {
  this.timeout(60_000);
  const workload = await cluster.startWorkload({ wait: 1 }); // a write is acknowledged when a replica has it
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"), { withinMs: 15_000 });
  const ledger = await workload.stop();

  assertPromotedReplica(failover, { withinMs: 10_000 });
  assertRecoveredWithin(failover, 10_000);
  assertLostNoAcknowledgedWrites(ledger);
});
