import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";

const KEY = "order:42";

let cluster: StartedRedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster({
    nodeTimeoutMs: 5_000,
    persistence: "aof",
    configureNode: (container) => {
      // Testcontainers has no method for the log driver. The engine cannot read the log of a container with the driver "none".
      const { hostConfig } = container as unknown as { readonly hostConfig: { LogConfig?: unknown } };
      hostConfig.LogConfig = { Type: "none", Config: {} };
    },
  });
});
afterAll(async () => {
  await cluster.stop();
});

test("a reset restarts only the killed node, even if logs cannot be read", async () => {
  await expect(cluster.nodes[0]?.logs()).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  const { name } = await cluster.primaryOf(KEY);
  await cluster.killPrimary(KEY);
  const report = await cluster.reset();
  expect(report.reason).not.toContain("not enough");
  expect(report).toMatchObject({ strategy: "repaired", restarted: [name] });
});

test("an aborted reset does not affect later resets and restarts", async () => {
  for (const afterMs of [0, 40, 120, 250, 400]) {
    await cluster.kill("node-0");
    const signal = AbortSignal.timeout(afterMs);
    const aborted = await cluster.reset({ signal }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (aborted !== undefined) expect(aborted).toMatchObject({ code: "WAIT_ABORTED" });
    await cluster.reset();
    expect(await cluster.check()).toMatchObject({ ok: true, problems: [] });
  }
  await cluster.client.set(KEY, "kept");
  // If an aborted reset had left the node marked for recreation, the restart would delete the data.
  await cluster.restart(await cluster.primaryOf(KEY));
  expect(await cluster.client.get(KEY)).toBe("kept");
});
