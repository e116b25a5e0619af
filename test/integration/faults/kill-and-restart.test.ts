import { type RedisClusterNode, startRedisCluster } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";
import { docker } from "../../support/engine.ts";
import { expectHealed } from "../../support/expect-healed.ts";
import { setReplicated } from "../../support/set-replicated.ts";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
const testWithAof = redisClusterTest({ scope: "test", nodes: 3, replicas: 0, persistence: "aof" });

async function readRunId(node: RedisClusterNode): Promise<string | undefined> {
  return /run_id:(\w+)/.exec(await node.client.info("server"))?.[1];
}

describe("kill(), shutdown() and restart()", () => {
  test.afterEach(({ cluster }) => expectHealed(cluster));

  test("a killed primary is replaced by its replica, and rejoins as a replica", async ({ cluster }) => {
    const primary = await setReplicated(cluster, KEY, "paid");
    const [replica] = await cluster.replicasOf(KEY);

    const fault = await cluster.killPrimary(KEY);
    expect(fault).toMatchObject({ kind: "kill", nodes: [primary.name] });
    expect((await primary.state()).status).toBe("exited");
    expect((await cluster.check()).allReachable).toBe(false);

    const promoted = await cluster.primaryOf(KEY);
    expect(promoted.name).toBe(replica?.name);
    const writer = await cluster.connect({ maxRedirections: 50 });
    expect(await writer.get(KEY)).toBe("paid");
    await writer.set(KEY, "shipped");

    await fault.heal();
    expect((await primary.state()).status).toBe("running");
    expect((await cluster.replicasOf(KEY)).map(String)).toEqual([primary.name]);
    await cluster.waitUntilHealthy();

    expect(await primary.client.ping()).toBe("PONG");
    expect(await cluster.client.get(KEY)).toBe("shipped");
    await fault.heal();
  });

  test("clients follow a shard that fails over twice, back to its first primary", async ({ cluster }) => {
    const first = await cluster.primaryOf(KEY);
    for (let round = 0; round < 2; round += 1) {
      await using _fault = await cluster.killPrimary(await cluster.primaryOf(KEY));
      await cluster.primaryOf(KEY);
    }
    await cluster.waitUntilHealthy();
    expect((await cluster.primaryOf(KEY)).name).toBe(first.name);
    expect(await cluster.client.set(KEY, "x")).toBe("OK");
  });

  test("restart() replaces the process of a running node", async ({ cluster }) => {
    const [replica] = (await cluster.replicas()) as [RedisClusterNode];
    const before = await readRunId(replica);
    await cluster.restart(replica.name);
    expect(await readRunId(replica)).not.toBe(before);
    expect((await cluster.check()).problems).toEqual([]);
  });

  test("shutdown() ends the server gracefully, and heal() starts it again", async ({ cluster }) => {
    const [replica] = (await cluster.replicas()) as [RedisClusterNode];
    const stopped = await cluster.shutdown(replica);
    expect(stopped).toMatchObject({ kind: "stop", nodes: [replica.name] });
    expect(await replica.state()).toMatchObject({ status: "exited", exitCode: 0 });
    expect(await replica.logs({ tail: 5 })).toMatch(/bye bye|ready to exit/i);
    await stopped.heal();
    expect((await replica.state()).status).toBe("running");
    expect(cluster.activeFaults).toEqual([]);
    expect((await cluster.check()).problems).toEqual([]);
  });

  test("restart() ends a kill, whose heal() then does nothing", async ({ cluster }) => {
    const [replica] = (await cluster.replicas()) as [RedisClusterNode];
    const killed = await cluster.kill(replica, { with: "SIGTERM" });
    expect(await replica.state()).toMatchObject({ status: "exited", exitCode: 0 });
    await cluster.restart(replica);
    expect(cluster.activeFaults).toEqual([]);
    expect(cluster.history.faults.at(-1)).toMatchObject({ kind: "kill", healedAt: expect.any(Number) });
    const before = await readRunId(replica);
    await killed.heal();
    expect(await readRunId(replica)).toBe(before);
  });

  test("heal() of a kill resolves only when the node has rejoined, also after a timeout", async ({
    cluster,
  }) => {
    const [replica] = (await cluster.replicas()) as [RedisClusterNode];
    const [, host] = /master_host:(\S+)/.exec(await replica.client.info("replication")) ?? [];
    const primary = cluster.nodes.find(
      ({ networkAddress }) => networkAddress.host === host,
    ) as RedisClusterNode;
    const fault = await cluster.kill(replica);
    // Paused through the engine, so that the kill is the only active fault.
    const frozen = (await docker()).getContainer(primary.containerId);
    await frozen.pause();
    try {
      await expect(fault.heal({ timeoutMs: 2_000 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
      // The start of the container continues after the call has timed out.
      await expect.poll(async () => (await replica.state()).status, { timeout: 10_000 }).toBe("running");
      await expect(fault.heal({ timeoutMs: 500 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
      expect(cluster.activeFaults).toEqual([fault]);
    } finally {
      await frozen.unpause();
    }
    await fault.heal();
    expect(await replica.client.info("replication")).toContain("master_link_status:up");
    expect(cluster.activeFaults).toEqual([]);
    await cluster.waitUntilHealthy();
  });

  test("kill() rejects with NODE_NOT_RUNNING if the node is already dead", async ({ cluster }) => {
    await using _killed = await cluster.kill("node-5");
    await expect(cluster.kill("node-5")).rejects.toMatchObject({
      code: "NODE_NOT_RUNNING",
      message: expect.stringContaining("node-5 cannot be killed: its container is exited"),
    });
  });

  test("a whole shard can be killed, and heal() brings all its nodes back", async ({ cluster }) => {
    const fault = await cluster.kill({ shardOf: KEY });
    expect(fault.nodes).toHaveLength(2);
    const { slotsCovered, problems } = await cluster.check();
    expect(slotsCovered).toBe(false);
    expect(problems).toContain("no node that answers owns the slots 5461-10922");
    await expect(cluster.primaryOf(KEY, { timeoutMs: 500 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    await fault.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect(await cluster.client.set(KEY, "back")).toBe("OK");
  });

  testWithAof("restart() can wipe the data of a node, which keeps its identity", async ({ cluster }) => {
    const node = await cluster.primaryOf(KEY);
    await node.client.set(KEY, "stored");
    await cluster.kill(node);
    await cluster.restart(node, { data: "wiped" });
    expect(await node.client.get(KEY)).toBeNull();
    expect((await cluster.check()).problems).toEqual([]);
  });

  test("waitUntilHealthy() times out with the reason while a node is dead", async ({ cluster }) => {
    await using _killed = await cluster.kill((await cluster.replicas())[0] ?? "");
    await expect(cluster.waitUntilHealthy({ timeoutMs: 300 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(/not done after 300 ms\. Still: node-\d returned no view/),
    });
  });

  test("waitUntilHealthy() rejects when its signal is aborted", async ({ cluster }) => {
    await using _killed = await cluster.kill((await cluster.replicas())[0] ?? "");
    const controller = new AbortController();
    const waiting = cluster.waitUntilHealthy({ signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  });
});

describe("after stop()", () => {
  test("heal() rejects, but the end of the fault's scope does not", async () => {
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    await using fault = await cluster.kill("node-1");
    await cluster.stop();
    await expect(fault.heal()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
    await expect(cluster.heal()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
  });
});
