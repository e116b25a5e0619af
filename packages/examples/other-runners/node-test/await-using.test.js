import assert from "node:assert/strict";
import { test } from "node:test";
import { startRedisCluster } from "testcontainers-redis-cluster";

test("an order survives the kill of its primary", { timeout: 180_000 }, async () => {
  await using cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
  const primary = await cluster.primaryOf("order:42");
  await primary.client.set("order:42", "paid");
  assert.equal(await primary.client.wait(1, 1_000), 1); // the replica has the write, too

  await cluster.killPrimary("order:42");

  const promoted = await cluster.primaryOf("order:42"); // waits for the failover
  assert.notEqual(promoted.name, primary.name);
  assert.equal(await promoted.client.get("order:42"), "paid");
}); // here the cluster is removed, whether the test has passed or not
