import assert from "node:assert/strict";
import { test } from "node:test";
import { startRedisCluster } from "testcontainers-redis-cluster";

test("an order survives the death of the master that holds it", { timeout: 180_000 }, async () => {
  await using cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
  await cluster.client.set("order:42", "paid");
  const master = await cluster.primaryOf("order:42");
  await master.client.wait(1, 1_000); // the replica has it, too

  await cluster.killMaster("order:42");

  const promoted = await cluster.primaryOf("order:42"); // waits for the failover
  assert.notEqual(promoted.name, master.name);
  assert.equal(await promoted.client.get("order:42"), "paid");
}); // and here it is gone, whether the test passed or not
