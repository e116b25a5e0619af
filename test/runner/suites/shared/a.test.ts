import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest(inject("redisCluster"));

test.for([1, 2, 3])(
  "a: test %i has exclusive use of the cluster",
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
