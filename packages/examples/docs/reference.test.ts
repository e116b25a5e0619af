import { formatLedger, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { afterAll, beforeAll, beforeEach, describe, test as plainTest } from "vitest";

// The examples of the docstrings. The pages of the reference show them as quotes of this file.

// #region redisClusterTest
const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("an order is stored", async ({ redis }) => {
  await redis.set("order:42", "paid");
  expect(await redis.get("order:42")).toBe("paid");
});
// #endregion

test("primaryOf", async ({ cluster }) => {
  // #region primaryOf
  const primary = await cluster.primaryOf("order:42");
  await primary.client.get("order:42");
  // #endregion
  expect(primary.plannedRole).toBe("primary");
});

test("client and connect", async ({ cluster }) => {
  // #region client
  await cluster.client.set("order:42", "paid");
  // #endregion
  // #region connect
  const client = await cluster.connect({ scaleReads: "slave" });
  // #endregion
  await expect.poll(() => client.get("order:42")).toBe("paid");
});

test("kill", async ({ cluster }) => {
  // #region kill
  await using fault = await cluster.kill({ primaryOf: "order:42" });
  await cluster.primaryOf("order:42"); // waits for the failover
  // #endregion
  expect(fault.kind).toBe("kill");
});

test("waitUntilHealthy", async ({ cluster }) => {
  // #region waitUntilHealthy
  await cluster.pause("node-3");
  await cluster.resume("node-3");
  await cluster.waitUntilHealthy();
  // #endregion
  await expect(cluster).toBeHealthy();
});

test("killPrimary", async ({ cluster }) => {
  // #region killPrimary
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
  // #endregion
  expect(failover).toHavePromotedReplica();
});

test("observeFailover", async ({ cluster }) => {
  // #region observeFailover
  const failover = await cluster.observeFailover(() => cluster.kill({ primaryOf: "order:42" }));
  console.log(failover.promoted.name, failover.phases.recoveredMs);
  // #endregion
  expect(failover.phases.recoveredMs).toBeGreaterThan(0);
});

test("restart", async ({ cluster }) => {
  const processId = /^run_id:(\w+)/m;
  const before = processId.exec(await cluster.node("node-3").client.info("server"))?.[1];
  // #region restart
  await cluster.restart("node-3", { data: "wiped" });
  // #endregion
  const after = processId.exec(await cluster.node("node-3").client.info("server"))?.[1];
  expect(after).not.toBe(before);
});

test("partition", async ({ cluster }) => {
  // #region partition
  await using fault = await cluster.partition([["node-0", "node-1"], "rest"]);
  // #endregion
  expect(fault.kind).toBe("partition");
});

test("failover", async ({ cluster }) => {
  // #region failover
  await cluster.failover({ replicaOf: "order:42" });
  // #endregion
  expect((await cluster.primaryOf("order:42")).plannedRole).toBe("replica");
});

test("startWorkload", async ({ cluster }) => {
  // #region startWorkload
  await using workload = await cluster.startWorkload({ writers: 4 });
  await cluster.observeFailover(() => cluster.kill({ primaryOf: "order:42" }));
  const ledger = await workload.stop();
  console.log(ledger.lost.length);
  // #endregion
  expect(ledger.acknowledged).toBeGreaterThan(0);
});

test("waitForAcknowledged and stop of a workload", async ({ cluster }) => {
  const workload = await cluster.startWorkload();
  // #region waitForAcknowledged
  const fault = await cluster.kill({ primaryOf: "order:42" });
  const recoveredAt = await workload.waitForAcknowledged(0, fault.since);
  // #endregion
  expect(recoveredAt).toBeGreaterThanOrEqual(fault.since);
  // #region stop-workload
  const ledger = await workload.stop();
  console.log(formatLedger(ledger));
  // #endregion
  expect(ledger.acknowledged).toBeGreaterThan(0);
});

test("share", async ({ cluster }) => {
  // #region share
  process.env["REDIS_CLUSTER"] = JSON.stringify(await cluster.share());
  // #endregion
  expect(JSON.parse(process.env["REDIS_CLUSTER"])).toHaveProperty("containerIds.length", 6);
  delete process.env["REDIS_CLUSTER"];
});

plainTest("lease", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  // #region lease
  await using lease = await cluster.lease();
  await cluster.reset();
  // #endregion
  expect(lease).toBeDefined();
});

plainTest("startRedisCluster", async () => {
  // #region startRedisCluster
  await using cluster = await startRedisCluster({ nodes: 6 });
  await cluster.client.set("order:42", "paid");
  // #endregion
  expect(cluster.nodes).toHaveLength(6);
});

describe("reset and stop", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    await cluster.client.set("order:42", "paid");
  });
  // Vitest runs these hooks in the reverse order.
  afterAll(async () => {
    for (const node of cluster.nodes) expect((await node.state()).status).toBe("removed");
  });

  // #region stop
  afterAll(() => cluster.stop());
  // #endregion

  // #region reset
  beforeEach(() => cluster.reset());
  // #endregion

  plainTest("the cluster is empty when the test begins", async () => {
    expect(await cluster.client.get("order:42")).toBeNull();
  });
});
