import { Cluster } from "ioredis";
import { GenericContainer } from "testcontainers";
import { keySlot, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker, exec, leftovers, serverImage } from "../support/engine.ts";
import { expectUnreachable } from "../support/network-helpers.ts";

describe("a cluster with the default options", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(async () => {
    await cluster.stop();
    expect(await leftovers(cluster.plan.name)).toEqual([]);
  });

  test("has three primaries and three replicas, with the layout of redis-cli", async () => {
    expect(cluster.nodes.map(({ name }) => name)).toEqual([
      "node-0",
      "node-1",
      "node-2",
      "node-3",
      "node-4",
      "node-5",
    ]);
    expect((await cluster.primaries()).map(String)).toEqual(["node-0", "node-1", "node-2"]);
    expect((await cluster.replicas()).map(String)).toEqual(["node-3", "node-4", "node-5"]);
    const { members } = await cluster.view();
    const slots = new Map(members.map(({ name, entry }) => [name, entry.slots]));
    expect(slots.get("node-0")).toEqual([{ first: 0, last: 5460 }]);
    expect(slots.get("node-1")).toEqual([{ first: 5461, last: 10922 }]);
    expect(slots.get("node-2")).toEqual([{ first: 10923, last: 16383 }]);
    const primaryOf = new Map(members.map(({ name, entry }) => [name, entry.primaryId]));
    expect(primaryOf.get("node-4")).toBe(cluster.node("node-0").id);
    expect(primaryOf.get("node-5")).toBe(cluster.node("node-1").id);
    expect(primaryOf.get("node-3")).toBe(cluster.node("node-2").id);
  });

  test("is healthy according to every node and to redis-cli", async () => {
    expect(await cluster.check()).toEqual({
      ok: true,
      configurationAgreed: true,
      slotsCovered: true,
      noOpenSlots: true,
      allReachable: true,
      problems: [],
    });
    const node = cluster.node("node-0");
    const { exitCode, output } = await exec(node.containerId, [
      "redis-cli",
      "--cluster",
      "check",
      `${node.networkAddress.host}:${node.networkAddress.port}`,
    ]);
    expect(output).toContain("[OK] All nodes agree about slots configuration.");
    expect(output).toContain("[OK] All 16384 slots covered.");
    expect(exitCode).toBe(0);
  });

  test("reports an open slot, as redis-cli does", async () => {
    const [from, to] = [cluster.node("node-0"), cluster.node("node-1")];
    await from.client.cluster("SETSLOT", 7, "MIGRATING", to.id);
    await to.client.cluster("SETSLOT", 7, "IMPORTING", from.id);
    const check = await cluster.check();
    expect(check).toMatchObject({ ok: false, noOpenSlots: false, slotsCovered: true });
    expect(check.problems).toContain("slot 7 of node-0 is migrating to node-1");
    expect(check.problems).toContain("slot 7 of node-1 is importing from node-0");
    const address = `${from.networkAddress.host}:${from.networkAddress.port}`;
    const redisCli = await exec(from.containerId, ["redis-cli", "--cluster", "check", address]);
    expect(redisCli.output).toMatch(/slots in migrating state/);
    for (const node of [from, to]) await node.client.cluster("SETSLOT", 7, "STABLE");
    expect((await cluster.check()).ok).toBe(true);
  });

  test("provides a connected client that reaches every shard", async () => {
    const keys = Array.from({ length: 60 }, (_, index) => `order:${index}`);
    await Promise.all(keys.map((key) => cluster.client.set(key, `paid ${key}`)));
    expect(await Promise.all(keys.map((key) => cluster.client.get(key)))).toEqual(
      keys.map((key) => `paid ${key}`),
    );
    const owners = await Promise.all(keys.map((key) => cluster.primaryOf(key)));
    expect(new Set(owners.map(String))).toEqual(new Set(["node-0", "node-1", "node-2"]));
  });

  test("finds the primary and the replicas of a key", async () => {
    const key = "order:42";
    const primary = await cluster.primaryOf(key);
    const slots = await cluster.client.cluster("SLOTS");
    const slot = keySlot(key);
    const range = slots.find(([first, last]) => slot >= first && slot <= last);
    expect(range?.[2]?.[2]).toBe(primary.id);
    const [replica, ...others] = await cluster.replicasOf(key);
    expect(others).toEqual([]);
    expect(range?.[3]?.[2]).toBe(replica?.id);
    await cluster.client.set(key, "paid");
    await expect(primary.client.get(key)).resolves.toBe("paid");
    await expect(replica?.client.get(key)).rejects.toThrow(/^MOVED/);
  });

  test("starts without keys, also without those of its own probes", async () => {
    await using fresh = await startRedisCluster({ nodes: 3, replicas: 0 });
    const sizes = await Promise.all(fresh.nodes.map((node) => node.client.dbsize()));
    expect(sizes).toEqual([0, 0, 0]);
  });

  test("provides clients with other options, and options for a client of the application", async () => {
    const prefixed = await cluster.connect({ keyPrefix: "app:" });
    await prefixed.set("x", "1");
    expect(await cluster.client.get("app:x")).toBe("1");
    const { startupNodes, options } = cluster.clientOptions();
    const applicationClient = new Cluster(startupNodes, options);
    expect(await applicationClient.get("app:x")).toBe("1");
    applicationClient.disconnect();
  });

  test("labels its containers and network for the reaper of Testcontainers", async () => {
    const engine = await docker();
    const network = await engine.getNetwork(cluster.network.id).inspect();
    const labels = [network.Labels as Record<string, string>];
    for (const node of cluster.nodes) {
      labels.push((await engine.getContainer(node.containerId).inspect()).Config.Labels);
    }
    const sessions = new Set(labels.map((label) => label["org.testcontainers.session-id"]));
    expect(sessions.size).toBe(1);
    expect([...sessions][0]).toMatch(/^[0-9a-f-]{8,}$/);
    for (const label of labels) {
      expect(label["org.testcontainers"]).toBe("true");
      expect(label["testcontainers-redis-cluster.cluster"]).toBe(cluster.plan.name);
    }
  });

  test("resolves the names of its nodes inside the network", async () => {
    const { output } = await exec(cluster.node("node-0").containerId, ["getent", "hosts", "node-4"]);
    expect(output.split(/\s+/)[0]).toBe(cluster.node("node-4").networkAddress.host);
  });

  test("accepts a container of the application in its network", async () => {
    const application = await new GenericContainer(serverImage())
      .withNetwork(cluster.network)
      // With Podman, Testcontainers waits until all ports that the image exposes are published.
      .withExposedPorts(6379)
      .start();
    try {
      const byName = await application.exec(["redis-cli", "-h", "node-2", "ping"]);
      expect(byName.output.trim()).toBe("PONG");
      const { host } = cluster.node("node-5").networkAddress;
      const redirected = await application.exec(["redis-cli", "-c", "-h", host, "set", "from:inside", "yes"]);
      expect(redirected.output.trim()).toBe("OK");
      expect(await cluster.client.get("from:inside")).toBe("yes");
    } finally {
      await application.stop();
    }
  });

  test("is unreachable for a container until the container joins its network", async () => {
    await using other = await startRedisCluster({ nodes: 3, replicas: 0 });
    const outsider = other.node("node-0").containerId;
    const target = cluster.node("node-1").networkAddress.host;
    const ping = async (host: string) =>
      (await exec(outsider, ["timeout", "2", "redis-cli", "-h", host, "ping"])).output.trim();
    await expectUnreachable(() => ping(target));

    const engine = await docker();
    await engine.getNetwork(cluster.network.id).connect({ Container: outsider });
    try {
      expect(await ping(target)).toBe("PONG");
      expect(await ping(other.node("node-2").networkAddress.host)).toBe("PONG");
    } finally {
      await engine.getNetwork(cluster.network.id).disconnect({ Container: outsider, Force: true });
    }
  });

  test("returns the log of a node as text and as a stream", async () => {
    const node = cluster.node("node-3");
    expect(await node.logs()).toContain("Ready to accept connections");
    expect((await node.logs({ tail: 2 })).trimEnd().split("\n")).toHaveLength(2);
    const stream = await node.logStream();
    let text = "";
    for await (const chunk of stream) {
      text += String(chunk);
      if (text.includes("Ready to accept connections")) break;
    }
    expect(stream.destroyed).toBe(true);
  });

  test("reports the duration of each phase, and that it formed from placeholders", () => {
    const { prepareMs, networkMs, containersMs, formationMs, clientsMs, totalMs } = cluster.startup;
    const sum = prepareMs + networkMs + containersMs + formationMs + clientsMs;
    for (const phase of [prepareMs, networkMs, containersMs, formationMs, clientsMs]) {
      expect(phase).toBeGreaterThan(0);
    }
    expect(Math.abs(totalMs - sum)).toBeLessThan(0.05 * totalMs + 5);
    expect(cluster.startup).toMatchObject({ strategy: "placeholder", fallbackReason: undefined });
  });

  test("rejects the name of a node that it does not have", () => {
    expect(() => cluster.node("node-6")).toThrow(expect.objectContaining({ code: "UNKNOWN_NODE" }));
  });
});

describe("a stopped cluster", () => {
  let cluster: StartedRedisCluster;
  let client: Cluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    client = await cluster.connect();
    await Promise.all([cluster.stop(), cluster.stop()]);
  });

  test("has left nothing, also after several calls of stop()", async () => {
    await cluster.stop();
    expect(await leftovers(cluster.plan.name)).toEqual([]);
  });

  test("has closed its clients", async () => {
    await expect(client.get("x")).rejects.toThrow("closed");
    await expect(cluster.client.get("x")).rejects.toThrow("closed");
  });

  test.each<[call: string, act: () => Promise<unknown>]>([
    ["view", () => cluster.view()],
    ["primaryOf", () => cluster.primaryOf("x")],
    ["kill", () => cluster.kill("node-0")],
    ["restart", () => cluster.restart("node-0")],
    ["connect", () => cluster.connect()],
  ])("rejects a call of %s with CLUSTER_STOPPED", async (_, act) => {
    await expect(act()).rejects.toThrow(expect.objectContaining({ code: "CLUSTER_STOPPED" }));
  });
});
