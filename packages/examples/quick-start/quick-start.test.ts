import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";

let cluster: StartedRedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
}, 90_000);
afterAll(() => cluster?.stop());

test("an order survives the failure of its primary", { timeout: 30_000 }, async () => {
  const primary = await cluster.primaryOf("order:42");
  await primary.client.set("order:42", "paid");
  expect(await primary.client.wait(1, 1_000)).toBe(1); // the replica has it, too

  await cluster.killMaster("order:42");

  const promoted = await cluster.primaryOf("order:42"); // waits for the failover
  expect(promoted.name).not.toBe(primary.name);
  expect(await promoted.client.get("order:42")).toBe("paid");
});
