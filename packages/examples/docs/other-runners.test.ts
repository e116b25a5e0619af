import {
  connectRedisCluster,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

// #region handles
let owner: StartedRedisCluster;
let cluster: StartedRedisCluster;

beforeAll(async () => {
  owner = await startRedisCluster({ nodes: 6, replicas: 1 });
}, 120_000);
beforeEach(async () => {
  await owner.reset();
  cluster = await connectRedisCluster(await owner.share());
}, 120_000);
afterEach(() => cluster?.stop());
afterAll(() => owner?.stop(), 60_000);
// #endregion

let abandoned: StartedRedisCluster | undefined;

test("a test uses its own handle", { timeout: 30_000 }, async () => {
  abandoned = cluster;
  await cluster.slowCommands("node-0", 5);
  await cluster.client.set("order:42", "paid");
});

test("the handle of the earlier test has ended", { timeout: 30_000 }, async () => {
  await expect(abandoned?.killPrimary("order:42")).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
  expect(await cluster.client.get("order:42")).toBeNull();
  expect(await cluster.check()).toMatchObject({ ok: true, problems: [] });
});
