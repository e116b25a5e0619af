import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";

const test = redisClusterTest({ nodes: 0 });

test("first", ({ cluster }) => {
  expect(cluster).toBeUndefined();
});

test("second", ({ redis }) => {
  expect(redis).toBeUndefined();
});

describe("a block with other options", () => {
  test.override({ clusterOptions: { nodes: 101 } });
  test("third", ({ nodes }) => {
    expect(nodes).toBeUndefined();
  });
});

test("a test without a cluster", () => {
  expect(1 + 1).toBe(2);
});
