import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { docker, exec, isPodman4, isRootless, publishedOn, publishingHost } from "../support/engine.ts";
import { setReplicated } from "../support/set-replicated.ts";

/** Returns a setting of a running server. */
async function readSetting(cluster: StartedRedisCluster, name: string, node = "node-0"): Promise<unknown> {
  const [, value] = await cluster.node(node).client.config("GET", name);
  return value;
}

test("options fix the subnet, addresses, ports and settings of all nodes", async () => {
  await using cluster = await startRedisCluster({
    subnet: "10.38.0.0/16",
    gateway: "10.38.0.1",
    firstAddress: "10.38.0.11",
    firstHostPort: 7371,
    firstHostBusPort: 17371,
    nodeTimeoutMs: 5000,
    persistence: "aof",
    config: { bind: "0.0.0.0", "cluster-config-file": "nodes-recipe.conf" },
  });
  expect(cluster.network).toMatchObject({ subnet: "10.38.0.0/16", gateway: "10.38.0.1" });
  expect(cluster.nodes.map(({ networkAddress }) => networkAddress.host)).toEqual(
    [11, 12, 13, 14, 15, 16].map((last) => `10.38.0.${last}`),
  );
  const host = await publishingHost();
  expect(cluster.nodes.map(({ mappedAddress }) => mappedAddress)).toEqual(
    [7371, 7372, 7373, 7374, 7375, 7376].map((port) => ({ host, port })),
  );
  const engine = await docker();
  const { NetworkSettings } = await engine.getContainer(cluster.node("node-5").containerId).inspect();
  expect(NetworkSettings.Ports["16379/tcp"]).toEqual([{ HostIp: await publishedOn(), HostPort: "17376" }]);
  expect(await readSetting(cluster, "cluster-announce-ip", "node-2")).toBe("10.38.0.13");
  expect(await readSetting(cluster, "cluster-announce-port")).toBe("6379");
  expect(await readSetting(cluster, "cluster-announce-bus-port")).toBe("16379");
  expect(await readSetting(cluster, "cluster-node-timeout")).toBe("5000");
  expect(await readSetting(cluster, "appendonly")).toBe("yes");
  expect(await readSetting(cluster, "bind")).toBe("0.0.0.0");
  const { output } = await exec(cluster.node("node-0").containerId, ["ls", "nodes-recipe.conf"]);
  expect(output.trim()).toBe("nodes-recipe.conf");
});

test("replicas: 0 creates a cluster of primaries only", async () => {
  await using cluster = await startRedisCluster({ nodes: 4, replicas: 0 });
  expect((await cluster.primaries()).map(String)).toEqual(["node-0", "node-1", "node-2", "node-3"]);
  expect(await cluster.replicas()).toEqual([]);
});

test("spare nodes become additional replicas", async () => {
  await using cluster = await startRedisCluster({ nodes: 7, replicas: 1 });
  expect((await cluster.primaries()).map(String)).toEqual(["node-0", "node-1", "node-2"]);
  const followers = (await cluster.view()).members.filter(
    ({ entry }) => entry.primaryId === cluster.node("node-0").id,
  );
  expect(followers.map(({ name }) => name).toSorted()).toEqual(["node-3", "node-4"]);
});

test("both replicas of every primary are in sync when the start resolves", async () => {
  await using cluster = await startRedisCluster({ nodes: 9, replicas: 2 });
  for (const key of ["a", "b", "c"]) {
    const primary = await cluster.primaryOf(key);
    const client = primary.client;
    await client.set(key, "1");
    expect(await client.wait(2, 500)).toBe(2);
    expect(await cluster.replicasOf(key)).toHaveLength(2);
  }
});

test("a client finds the replicas to read from as soon as the start resolves", async () => {
  await using cluster = await startRedisCluster();
  const reader = await cluster.connect({ scaleReads: "slave" });
  await setReplicated(cluster, "greeting", "hello");
  expect(reader.nodes("slave")).toHaveLength(3);
  expect(await reader.get("greeting")).toBe("hello");
});

test("the option password protects the nodes, and the clients of the cluster use it", async () => {
  const password = 'it\'s "quoted" \\ and long';
  await using cluster = await startRedisCluster({ password });
  await cluster.client.set("secret", "kept");
  expect(await cluster.client.get("secret")).toBe("kept");
  const stranger = cluster.node("node-0").client.duplicate({ password: "wrong", lazyConnect: true });
  stranger.on("error", () => {});
  await expect(stranger.get("secret")).rejects.toThrow(/WRONGPASS|NOAUTH/);
  stranger.disconnect();
  expect((await cluster.check()).ok).toBe(true);
});

test("config sets directives of redis.conf, with one or several values", async () => {
  await using cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    config: {
      maxmemory: "32mb",
      "maxmemory-policy": "allkeys-lru",
      "notify-keyspace-events": "",
      "lazyfree-lazy-expire": true,
      save: ["900 1", "300 10"],
      "cluster-require-full-coverage": false,
      "cluster-replica-no-failover": true,
    },
  });
  expect(await readSetting(cluster, "maxmemory")).toBe(String(32 * 1024 * 1024));
  expect(await readSetting(cluster, "maxmemory-policy")).toBe("allkeys-lru");
  expect(await readSetting(cluster, "lazyfree-lazy-expire")).toBe("yes");
  expect(await readSetting(cluster, "save")).toBe("900 1 300 10");
  expect(await readSetting(cluster, "cluster-require-full-coverage")).toBe("no");
  expect(await readSetting(cluster, "cluster-replica-no-failover")).toBe("yes");
});

test("the formation reverts its settings, also for nodes that restart later", async () => {
  await using cluster = await startRedisCluster({ nodeTimeoutMs: 700 });
  const expectFinal = async (): Promise<void> => {
    expect(await readSetting(cluster, "cluster-node-timeout", "node-4")).toBe("700");
    expect(await readSetting(cluster, "cluster-require-full-coverage", "node-4")).toBe("yes");
    expect(await readSetting(cluster, "cluster-replica-no-failover", "node-4")).toBe("no");
  };
  await expectFinal();
  await cluster.kill("node-4");
  await cluster.restart("node-4");
  await expectFinal();
});

test.for([
  { persistence: "none", survives: null },
  { persistence: "aof", survives: "kept" },
  { persistence: "rdb", survives: "kept" },
] as const)(
  "a restarted node with persistence $persistence has the value $survives",
  async ({ persistence, survives }) => {
    await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, persistence });
    const node = await cluster.primaryOf("data");
    await node.client.set("data", "kept");
    await cluster.restart(node);
    // Without replicas the node can load the value only from its own disk.
    expect(await node.client.get("data")).toBe(survives);
  },
);

test("a restarted node without persistence does not load the file of a sync", async () => {
  await using cluster = await startRedisCluster({ nodeTimeoutMs: 10_000 });
  const primary = await cluster.primaryOf("data");
  const [replica] = await cluster.replicasOf("data");
  await primary.client.set("data", "kept");
  await cluster.restart(replica ?? "");
  // The server checks for the file every second, and deletes it after the sync.
  await expect
    .poll(() => exec(primary.containerId, ["ls"]), { timeout: 10_000 })
    .toMatchObject({ output: "nodes.conf\n" });
  await cluster.restart(primary);
  expect(await primary.client.get("data")).toBeNull();
});

test("a killed node with an append-only file keeps its data", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, persistence: "aof" });
  const node = await cluster.primaryOf("data");
  await node.client.set("data", "kept");
  await cluster.kill(node);
  await cluster.restart(node);
  expect(await node.client.get("data")).toBe("kept");
});

test("port and busPort set the ports inside the containers", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, port: 7000, busPort: 7100 });
  expect(cluster.node("node-1").networkAddress.port).toBe(7000);
  const { members } = await cluster.view();
  expect(members.map(({ entry }) => [entry.port, entry.busPort])).toEqual([
    [7000, 7100],
    [7000, 7100],
    [7000, 7100],
  ]);
  expect(await cluster.client.set("x", "1")).toBe("OK");
});

test("labels and configureNode apply to every container", async () => {
  const configured: string[] = [];
  await using cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    labels: { suite: "options" },
    configureNode: (container, plan) => {
      configured.push(plan.name);
      container
        .withEnvironment({ NODE_NAME: plan.name })
        // Both, because Podman sets the other one to a value that only a privileged engine may set. The matrix of engines has other
        // values as the defaults of Podman.
        .withUlimits({ nofile: { hard: 15_000, soft: 15_000 }, nproc: { hard: 15_000, soft: 15_000 } });
    },
  });
  expect(configured).toEqual(["node-0", "node-1", "node-2"]);
  const engine = await docker();
  // Then the engine stores no limits of the container at all, also in its answer.
  const ignoresUlimits = (await isPodman4()) && (await isRootless());
  for (const node of cluster.nodes) {
    const { Config, HostConfig } = await engine.getContainer(node.containerId).inspect();
    expect(Config.Labels["suite"]).toBe("options");
    expect(Config.Env).toContain(`NODE_NAME=${node.name}`);
    if (ignoresUlimits) {
      expect(HostConfig.Ulimits).toEqual([]);
      continue;
    }
    const { output: limits } = await exec(node.containerId, ["cat", "/proc/1/limits"]);
    expect(limits).toMatch(/^Max open files\s+15000\s+15000\s/m);
    expect(limits).toMatch(/^Max processes\s+15000\s+15000\s/m);
  }
});

test("timeScale multiplies the node timeout, the startup timeout and every wait", async () => {
  await using cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    nodeTimeoutMs: 400,
    startupTimeoutMs: 20_000,
    timeScale: 2.5,
  });
  expect(cluster.plan).toMatchObject({ timeScale: 2.5, nodeTimeoutMs: 1_000, startupTimeoutMs: 50_000 });
  expect(await readSetting(cluster, "cluster-node-timeout")).toBe("1000");
  await using _kill = await cluster.kill("node-2");
  await expect(cluster.waitUntilHealthy({ timeoutMs: 100 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringContaining("not done after 250 ms (100 ms at time scale 2.5)"),
  });
});
