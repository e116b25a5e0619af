import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest({ nodes: 3, replicas: 0, scope: "test" });

test.concurrent("one of two at the same time", { timeout: 30_000 }, async ({ cluster, redis }) => {
  note(cluster.plan.name);
  await redis.set("mine", "one");
  expect(await redis.get("mine")).toBe("one");
});

test.concurrent("two of two at the same time", { timeout: 30_000 }, async ({ cluster, redis }) => {
  note(cluster.plan.name);
  await redis.set("mine", "two");
  expect(await redis.get("mine")).toBe("two");
});
