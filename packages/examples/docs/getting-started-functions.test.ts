import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";

test("an order is stored", { timeout: 90_000 }, async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  await cluster.client.set("order:42", "paid");
  expect(await cluster.client.get("order:42")).toBe("paid");
}); // here the cluster is removed, whether the test has passed or not
