import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect, inject } from "vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest(inject("redisCluster"));

test.for([1, 2, 3])(
  "a: test %i has the cluster to itself",
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
