import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest({ nodes: 3, replicas: 0, config: { maxmemory: "64mb" } });

test("uses the options of the file", { timeout: 30_000 }, async ({ cluster, nodes }) => {
  note(cluster.plan.name);
  expect(nodes).toHaveLength(3);
});

describe("a block with a password", () => {
  test.override({ clusterOptions: { password: "secret" } });

  test("has another cluster with the remaining options of the file", { timeout: 30_000 }, async ({
    cluster,
    nodes,
  }) => {
    note(cluster.plan.name);
    expect(cluster.plan.password).toBe("secret");
    expect(nodes).toHaveLength(3);
    expect(await nodes[0]?.client.config("GET", "maxmemory")).toContain(String(64 * 1024 * 1024));
  });
});

test("uses the first cluster after the block", { timeout: 30_000 }, ({ cluster }) => {
  note(cluster.plan.name);
  expect(cluster.plan.password).toBeUndefined();
});
