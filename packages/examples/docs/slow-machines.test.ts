import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { test as runnerTest } from "vitest";
import { runVitest } from "./run-vitest.ts";

// #region option
const test = redisClusterTest({ nodes: 3, replicas: 0, nodeTimeoutMs: 500, timeScale: 3 });
// #endregion

test("the time scale multiplies the node timeout", { timeout: 60_000 }, async ({ cluster }) => {
  expect(cluster.info.nodeTimeoutMs).toBe(1_500);
});

test("a timeout contains both numbers", { timeout: 60_000 }, async ({ cluster, faults }) => {
  await faults.pause("node-0");
  await expect(cluster.waitUntilHealthy({ timeoutMs: 100 })).rejects.toThrow(
    "not done after 300 ms (100 ms at time scale 3)",
  );
});

runnerTest("the variable applies to every cluster of a run", { timeout: 150_000 }, async () => {
  expect(await runVitest("build-machine", { TRC_TIME_SCALE: "2" })).toContain("1 passed");
});
