import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { note } from "../../../support/note.ts";

const scope = process.env["TRC_SCOPE"] === "file" ? "file" : "worker";
const test = redisClusterTest({ nodes: 3, replicas: 0, scope });

test("b: leaves a key and a fault", { timeout: 30_000 }, async ({ cluster, redis, faults }) => {
  note(cluster.plan.name);
  expect(await redis.dbsize()).toBe(0);
  await redis.set("order:42", "paid");
  await faults.slowCommands("node-0", 20);
});

test("b: has no key and no fault", { timeout: 30_000 }, async ({ cluster, redis }) => {
  note(cluster.plan.name);
  expect(await redis.get("order:42")).toBeNull();
  expect(cluster.activeFaults).toEqual([]);
});
