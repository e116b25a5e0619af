import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest(inject("redisCluster"));

test("b: a test that fails leaves a workload and a fault", { timeout: 30_000, fails: true }, async ({
  cluster,
}) => {
  note(cluster.plan.name);
  await cluster.loss("node-0", 0.001);
  // Not by the fixture, which would end it with its test.
  const workload = await cluster.startWorkload({ writers: 2 });
  await workload.waitForAcknowledged(0, 0);
  expect.fail("this test has had enough");
});

test.for([1, 2, 3])(
  "b: test %i has the cluster to itself",
  { timeout: 30_000 },
  async (_, { cluster, redis }) => {
    note(cluster.plan.name);
    expect(await redis.incr("turn")).toBe(1);
    // Long enough for the other file to come in between, were it let in.
    for (let round = 0; round < 50; round++) expect(await redis.get("turn")).toBe("1");
    const sizes = await Promise.all(cluster.nodes.map(({ client }) => client.dbsize()));
    expect(sizes.reduce((sum, size) => sum + size)).toBe(1);
  },
);
