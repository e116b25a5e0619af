import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest(inject("redisCluster"));

// These tests run between the tests of the other file, whose functions continue after a timeout.
test.for(Array.from({ length: 30 }, (_, index) => index))(
  "b: test %i is not affected",
  { timeout: 60_000 },
  async (_, { cluster, redis }) => {
    note(cluster.plan.name);
    await expect(cluster).toBeHealthy();
    for (let round = 0; round < 50; round++) expect(await redis.incr("count")).toBe(round + 1);
    const sizes = await Promise.all(cluster.nodes.map(({ client }) => client.dbsize()));
    expect(sizes.reduce((sum, size) => sum + size)).toBe(1);
    await expect(cluster).toBeHealthy();
  },
);
