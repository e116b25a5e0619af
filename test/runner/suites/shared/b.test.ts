import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest(inject("redisCluster"));

test("b: a test that fails leaves a workload and a fault", { timeout: 30_000, fails: true }, async ({
  cluster,
}) => {
  note(cluster.plan.name);
  await cluster.loss("node-0", 0.001);
  // Not with the fixture, which would end the workload with the test.
  const workload = await cluster.startWorkload({ writers: 2 });
  await workload.waitForAcknowledged(0, 0);
  expect.fail("this test fails on purpose");
});

test.for([1, 2, 3])(
  "b: test %i has exclusive use of the cluster",
  { timeout: 30_000 },
  async (_, { cluster, redis }) => {
    note(cluster.plan.name);
    expect(await redis.incr("count")).toBe(1);
    // Long enough for a test of the other file to interfere, if it could run at the same time.
    for (let round = 0; round < 50; round++) expect(await redis.get("count")).toBe("1");
    const sizes = await Promise.all(cluster.nodes.map(({ client }) => client.dbsize()));
    expect(sizes.reduce((sum, size) => sum + size)).toBe(1);
  },
);
