import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

// Tests install fake timers for the code under test. Nothing here advances them.
describe("under fake timers", () => {
  const key = "order:42";
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  });
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test("a failover, the return of the dead node and a restart are waited for", async () => {
    const primary = await cluster.primaryOf(key);
    expect(await primary.client.ping()).toBe("PONG");
    const subscriber = primary.client.duplicate();
    expect(await subscriber.ping()).toBe("PONG");

    const fault = await cluster.killMaster(key);
    const promoted = await cluster.primaryOf(key);
    expect(promoted.name).not.toBe(primary.name);
    expect(await cluster.client.set(key, "paid")).toBe("OK");
    await fault.heal();
    await cluster.waitUntilHealthy();
    expect(await primary.client.ping()).toBe("PONG");
    expect(await subscriber.ping()).toBe("PONG");

    await cluster.restart(promoted);
    expect(await promoted.client.ping()).toBe("PONG");
    await cluster.waitUntilHealthy();
    expect(await cluster.client.set(key, "sent")).toBe("OK");
    expect(await (await cluster.connect()).get(key)).toBe("sent");
    expect(await (await promoted.connect()).ping()).toBe("PONG");
  });

  test("a node that hangs is given up after its limit, and waits end at theirs", async () => {
    const [node] = await cluster.replicas();
    await using _frozen = await cluster.pause(node?.name ?? "");
    const { views } = await cluster.view();
    expect(views.find((view) => view.node === node?.name)).toMatchObject({
      kind: "silent",
      reason: expect.stringContaining("did not answer within 2000 ms"),
    });
    await expect(cluster.waitUntilHealthy({ timeoutMs: 300 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
    });
  });

  test("a workload goes through a failover and gives its ledger", async () => {
    await cluster.waitUntilHealthy();
    await using workload = await cluster.startWorkload({ writers: 4 });
    await using _fault = await cluster.killMaster(key);
    const since = vi.getRealSystemTime();
    await cluster.primaryOf(key);
    for (const { index } of cluster.plan.shards) await workload.waitForAcknowledged(index, since);
    const ledger = await workload.stop();
    expect(ledger.acknowledged).toBeGreaterThan(0);
  });

  test("a client that has lost all nodes connects again once they are back", async () => {
    await cluster.reset();
    const { client } = cluster;
    const kill = await cluster.kill(cluster.nodes.map(String));
    const reply = client.set(key, "late");
    await kill.heal();
    expect(await reply).toBe("OK");
  });

  test("a reset and a stop are finished", async () => {
    await cluster.killMaster(key);
    const report = await cluster.reset();
    expect(report.restarted.length).toBeGreaterThan(0);
    expect(await cluster.client.set(key, "again")).toBe("OK");
    await cluster.stop();
  });
});
