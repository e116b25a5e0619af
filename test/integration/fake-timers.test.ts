import { startRedisCluster } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import { keepOneCluster } from "../support/keep-one-cluster.ts";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });

afterEach(() => {
  vi.useRealTimers();
});

// Tests install fake timers for the code under test. These tests never advance them.
describe("under fake timers", () => {
  keepOneCluster(test);
  // This hook runs after the hook that starts or resets the cluster, so both run with real timers.
  beforeEach(() => {
    vi.useFakeTimers();
  });

  test("a failover, a heal and a restart complete, and clients reconnect", async ({ cluster }) => {
    const primary = await cluster.primaryOf(KEY);
    expect(await primary.client.ping()).toBe("PONG");
    const subscriber = primary.client.duplicate();
    expect(await subscriber.ping()).toBe("PONG");

    const fault = await cluster.killPrimary(KEY);
    const promoted = await cluster.primaryOf(KEY);
    expect(promoted.name).not.toBe(primary.name);
    expect(await cluster.client.set(KEY, "paid")).toBe("OK");
    await fault.heal();
    await cluster.waitUntilHealthy();
    expect(await primary.client.ping()).toBe("PONG");
    expect(await subscriber.ping()).toBe("PONG");

    await cluster.restart(promoted);
    expect(await promoted.client.ping()).toBe("PONG");
    await cluster.waitUntilHealthy();
    expect(await cluster.client.set(KEY, "sent")).toBe("OK");
    expect(await (await cluster.connect()).get(KEY)).toBe("sent");
    expect(await (await promoted.connect()).ping()).toBe("PONG");
  });

  test("queries of a paused node and waits end at their timeouts", async ({ cluster }) => {
    const [node] = await cluster.replicas();
    await using _pause = await cluster.pause(node?.name ?? "");
    const { views } = await cluster.view();
    expect(views.find((view) => view.node === node?.name)).toMatchObject({
      kind: "silent",
      reason: expect.stringContaining("did not answer within 2000 ms"),
    });
    await expect(cluster.waitUntilHealthy({ timeoutMs: 300 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
    });
  });

  test("a workload continues during a failover and returns its ledger", async ({ cluster }) => {
    await using workload = await cluster.startWorkload({ writers: 4 });
    await using _fault = await cluster.killPrimary(KEY);
    const since = vi.getRealSystemTime();
    await cluster.primaryOf(KEY);
    for (const { index } of cluster.plan.shards) await workload.waitForAcknowledged(index, since);
    const ledger = await workload.stop();
    expect(ledger.acknowledged).toBeGreaterThan(0);
  });

  test("a client that lost all nodes reconnects when they are back", async ({ cluster }) => {
    // Servers that start together answer CLUSTERDOWN until they see each other, with a slow engine for longer than the 1.6 s for which
    // ioredis repeats a command by default.
    const client = await cluster.connect({ maxRedirections: 100 });
    const kill = await cluster.kill(cluster.nodes.map(String));
    const reply = client.set(KEY, "late");
    await kill.heal();
    expect(await reply).toBe("OK");
  });
});

test("a reset and a stop complete under fake timers", async () => {
  await using cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  vi.useFakeTimers();
  await cluster.killPrimary(KEY);
  const report = await cluster.reset();
  expect(report.restarted.length).toBeGreaterThan(0);
  expect(await cluster.client.set(KEY, "again")).toBe("OK");
  await cluster.stop();
});
