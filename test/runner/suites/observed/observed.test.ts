import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";

const test = redisClusterTest({ nodes: 6, nodeTimeoutMs: 500 });

test("a primary is killed", { timeout: 60_000 }, async ({ cluster, faults }) => {
  const failover = await cluster.observeFailover(() => faults.killMaster("order:42"), { withinMs: 20_000 });
  expect(failover.promoted.name).not.toBe(failover.failed.name);
});

test("a replica takes over on request, and the test fails", { timeout: 60_000 }, async ({
  cluster,
  faults,
}) => {
  await cluster.observeFailover(() => faults.failover({ replicaOf: "order:42" }), { withinMs: 20_000 });
  expect.fail("this order was <b>lost</b>");
});
