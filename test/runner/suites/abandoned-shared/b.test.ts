import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest(inject("redisCluster"));

// These come in between the tests of the other file, which abandon their bodies.
test.for(Array.from({ length: 30 }, (_, index) => index))(
  "b: test %i is not disturbed",
  { timeout: 60_000 },
  async (_, { cluster, redis }) => {
    note(cluster.plan.name);
    await expect(cluster).toBeHealthy();
    for (let round = 0; round < 50; round++) expect(await redis.incr("turn")).toBe(round + 1);
    const sizes = await Promise.all(cluster.nodes.map(({ client }) => client.dbsize()));
    expect(sizes.reduce((sum, size) => sum + size)).toBe(1);
    await expect(cluster).toBeHealthy();
  },
);
