import {
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker } from "../support/engine.ts";
import { setReplicated } from "../support/set-replicated.ts";

describe("a cluster that is broken on purpose", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test("promotes the replica of a killed primary, and takes the dead node back as its replica", async () => {
    const key = "order:42";
    const primary = await setReplicated(cluster, key, "paid");
    const [replica] = await cluster.replicasOf(key);

    const fault = await cluster.killMaster(key);
    expect(fault).toMatchObject({ kind: "kill", nodes: [primary.name] });
    expect((await primary.state()).status).toBe("exited");
    const sick = await cluster.check();
    expect(sick.allReachable).toBe(false);

    const promoted = await cluster.primaryOf(key);
    expect(promoted.name).toBe(replica?.name);
    const writer = await cluster.connect({ maxRedirections: 50 });
    expect(await writer.get(key)).toBe("paid");
    await writer.set(key, "shipped");

    const before = primary.mappedAddress;
    await fault.heal();
    expect((await primary.state()).status).toBe("running");
    expect((await cluster.replicasOf(key)).map(String)).toEqual([primary.name]);
    await cluster.waitUntilHealthy();

    // Another host port, the same network address: every client finds the node again by itself.
    expect(primary.mappedAddress.port).not.toBe(before.port);
    expect(await primary.client.ping()).toBe("PONG");
    expect(await cluster.client.get(key)).toBe("shipped");
    await fault.heal();
  });

  test("moves a shard there and back, the clients following all the way", async () => {
    const key = "order:43";
    const first = await cluster.primaryOf(key);
    for (let round = 0; round < 2; round += 1) {
      await using _fault = await cluster.killMaster(await cluster.primaryOf(key));
      await cluster.primaryOf(key);
    }
    await cluster.waitUntilHealthy();
    expect((await cluster.primaryOf(key)).name).toBe(first.name);
    expect(await cluster.client.set(key, "x")).toBe("OK");
  });

  test("restarts a running node as well", async () => {
    const [replica] = await cluster.replicas();
    const before = await replica?.client.info("server");
    await cluster.restart(replica?.name ?? "");
    const after = await replica?.client.info("server");
    const runId = (info: string | undefined) => /run_id:(\w+)/.exec(info ?? "")?.[1];
    expect(runId(after)).not.toBe(runId(before));
    expect((await cluster.check()).problems).toEqual([]);
  });

  test("stops a node gracefully, which heal() or a restart ends", async () => {
    const [replica] = (await cluster.replicas()) as [RedisClusterNode];
    const stopped = await cluster.stopNode(replica);
    expect(stopped).toMatchObject({ kind: "stop", nodes: [replica.name] });
    expect(await replica.state()).toMatchObject({ status: "exited", exitCode: 0 });
    expect(await replica.logs({ tail: 5 })).toMatch(/bye bye|ready to exit/i);
    await stopped.heal();
    expect((await replica.state()).status).toBe("running");
    expect(cluster.activeFaults).toEqual([]);
    expect((await cluster.check()).problems).toEqual([]);

    const killed = await cluster.kill(replica, { with: "SIGTERM" });
    expect(await replica.state()).toMatchObject({ status: "exited", exitCode: 0 });
    await cluster.restart(replica);
    expect(cluster.activeFaults).toEqual([]);
    expect(cluster.history.faults.at(-1)).toMatchObject({ kind: "kill", healedAt: expect.any(Number) });
    const runId = async () => /run_id:(\w+)/.exec(await replica.client.info("server"))?.[1];
    const before = await runId();
    await killed.heal();
    expect(await runId()).toBe(before);
  });

  test("heals a kill only when the node has rejoined, also after an attempt that gave up", async () => {
    const [replica] = (await cluster.replicas()) as [RedisClusterNode];
    const [, host] = /master_host:(\S+)/.exec(await replica.client.info("replication")) ?? [];
    const primary = cluster.nodes.find(
      ({ networkAddress }) => networkAddress.host === host,
    ) as RedisClusterNode;
    const fault = await cluster.kill(replica);
    // Through the engine, so that the kill is the only active fault.
    const frozen = (await docker()).getContainer(primary.containerId);
    await frozen.pause();
    try {
      await expect(fault.heal({ timeoutMs: 2_000 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
      // The start goes on after the call has given up.
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

  test("refuses a fault that cannot be, and is untouched by it", async () => {
    await using other = await startRedisCluster({ nodes: 3, replicas: 0 });
    await expect(cluster.kill("node-9")).rejects.toMatchObject({ code: "UNKNOWN_NODE" });
    await expect(cluster.kill(other.node("node-0"))).rejects.toMatchObject({ code: "UNKNOWN_NODE" });
    await using _dead = await cluster.kill("node-5");
    await expect(cluster.kill("node-5")).rejects.toMatchObject({
      code: "NODE_NOT_RUNNING",
      message: expect.stringContaining("node-5 cannot be killed: its container is exited"),
    });
  });

  test("refuses to heal once it is stopped, and a scope that ends then says nothing", async () => {
    const other = await startRedisCluster({ nodes: 3, replicas: 0 });
    await using fault = await other.kill("node-1");
    await other.stop();
    await expect(fault.heal()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
    await expect(other.heal()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
  });

  test("gives up waiting in time, and says what is still wrong", async () => {
    await cluster.waitUntilHealthy();
    await using _dead = await cluster.kill((await cluster.replicas())[0] ?? "");
    await expect(cluster.waitUntilHealthy({ timeoutMs: 300 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(/not done after 300 ms\. Still: node-\d returned no view/),
    });
    const controller = new AbortController();
    const waiting = cluster.waitUntilHealthy({ signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  });
});
