import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { Cluster } from "ioredis";
import {
  keySlot,
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect, test as plainTest } from "vitest";
import { podmanVersion } from "../support/engine.ts";
import { keepOneCluster } from "../support/keep-one-cluster.ts";

const OPTIONS = {
  nodes: 3,
  replicas: 0,
  config: {
    "notify-keyspace-events": "Kg",
    "cluster-announce-hostname": "{name}.redis.test",
    "cluster-preferred-endpoint-type": "hostname",
  },
};
const withDefaultAccess = redisClusterTest({ scope: "file", ...OPTIONS });
const withPublishedPorts = redisClusterTest({ scope: "file", ...OPTIONS, access: "published" });

/** Keys of all three shards. */
const KEYS = Array.from({ length: 12 }, (_, index) => `order:${index}`);

async function writeAllKeys(client: Cluster): Promise<void> {
  for (const key of KEYS) expect(await client.set(key, "x")).toBe("OK");
}

/** Writes all keys. The client first sends every command to the same node, which redirects it. */
async function writeWithRedirections(client: Cluster): Promise<void> {
  const [anyPrimary] = client.nodes("master");
  const { host, port } = anyPrimary?.options ?? {};
  for (const key of KEYS) {
    client.slots[keySlot(key)] = [`${host}:${port}`];
    expect(await client.set(key, "x")).toBe("OK");
  }
}

async function setOnEveryNode(
  { nodes }: StartedRedisCluster,
  directive: string,
  valueOf: (node: RedisClusterNode) => string,
): Promise<void> {
  for (const node of nodes) await node.client.config("SET", directive, valueOf(node));
}

/** Returns the sorted endpoints in a node's reply to CLUSTER SLOTS. */
async function readEndpoints(node: RedisClusterNode): Promise<readonly string[]> {
  const ranges = (await node.client.cluster("SLOTS")) as unknown as [number, number, [string | null]][];
  const endpoints = ranges.map(([, , [endpoint]]) => String(endpoint));
  return endpoints.toSorted((a, b) => a.localeCompare(b));
}

/** Expects what must work regardless of the endpoints that the nodes announce. */
async function expectEverythingWorks(cluster: StartedRedisCluster): Promise<void> {
  await writeAllKeys(cluster.client);
  await writeWithRedirections(cluster.client);
  const client = await cluster.connect();
  await writeAllKeys(client);
  await writeWithRedirections(client);
  expect((await cluster.primaryOf("order:1")).name).toMatch(/^node-\d$/);
  await cluster.waitUntilHealthy();
  const workload = await cluster.startWorkload({ writers: 2 });
  await workload.waitForAcknowledged(0, Date.now());
  const ledger = await workload.stop();
  expect(ledger.lost).toEqual([]);
}

/** Whether the plan assigns the slot of a key to a node. */
function isPlannedOwner({ plan }: StartedRedisCluster, { index }: RedisClusterNode, key: string): boolean {
  const { first, last } = plan.shards.find(({ primary }) => primary === index)?.slots ?? {
    first: 0,
    last: -1,
  };
  return keySlot(key) >= first && keySlot(key) <= last;
}

describe.each([
  ["", withDefaultAccess],
  [", with published ports", withPublishedPorts],
])("a cluster that announces hostnames%s", (_, test) => {
  keepOneCluster(test);

  test("every node announces the hostnames of the option, and clients work", async ({ cluster }) => {
    const hostnames = ["node-0.redis.test", "node-1.redis.test", "node-2.redis.test"];
    for (const node of cluster.nodes) expect(await readEndpoints(node)).toEqual(hostnames);
    expect(cluster.plan.nodes.map(({ hostname }) => hostname)).toEqual(hostnames);
    await expectEverythingWorks(cluster);
  });

  test("a client that the application creates finds the nodes by their hostnames", async ({ cluster }) => {
    const { startupNodes, options } = cluster.clientOptions();
    // If addresses are mapped, ioredis tries nodes at random until it has read the slots again.
    const client = new Cluster(startupNodes, { ...options, maxRedirections: 1_000 });
    try {
      await writeAllKeys(client);
      await writeWithRedirections(client);
    } finally {
      client.disconnect();
    }
  });

  test("other containers of the network resolve the hostnames", async ({ cluster }) => {
    const key = KEYS.find((name) => !isPlannedOwner(cluster, cluster.node("node-1"), name)) ?? "";
    const owner = await cluster.primaryOf(key);
    await owner.client.set(key, "x");
    const migration = owner.client.call("MIGRATE", "node-1.redis.test", 6379, key, 0, 5_000);
    // The error proves that the owner has found node-1, which rejects the key.
    await expect(migration).rejects.toThrow(/Target instance replied with error: MOVED/);
  });

  test("connected and new clients find the nodes after their hostnames have changed", async ({ cluster }) => {
    await setOnEveryNode(cluster, "cluster-announce-hostname", ({ index }) => `other-${index}.redis.test`);
    await expect
      .poll(() => readEndpoints(cluster.node("node-2")))
      .toEqual([0, 1, 2].map((index) => `other-${index}.redis.test`));
    const { startupNodes, options } = cluster.clientOptions();
    const client = new Cluster(startupNodes, { ...options, maxRedirections: 1_000 });
    client.on("error", () => {});
    try {
      await writeAllKeys(client);
    } finally {
      client.disconnect();
    }
    await expectEverythingWorks(cluster);
  });

  test("clients find nodes that prefer hostnames but have none", async ({ cluster }) => {
    await setOnEveryNode(cluster, "cluster-announce-hostname", () => "");
    await expect.poll(() => readEndpoints(cluster.node("node-1"))).toEqual(["?", "?", "?"]);
    await expectEverythingWorks(cluster);
  });

  test("clients find nodes with an unknown endpoint, also while a slot is migrating", async ({ cluster }) => {
    await setOnEveryNode(cluster, "cluster-preferred-endpoint-type", () => "unknown-endpoint");
    expect(await readEndpoints(cluster.node("node-0"))).toEqual(["null", "null", "null"]);
    await expectEverythingWorks(cluster);

    const key = KEYS.find((name) => isPlannedOwner(cluster, cluster.node("node-0"), name)) ?? "";
    await cluster.client.del(key);
    const [from, to] = [cluster.node("node-0"), cluster.node("node-1")];
    await to.client.cluster("SETSLOT", keySlot(key), "IMPORTING", from.id);
    await from.client.cluster("SETSLOT", keySlot(key), "MIGRATING", to.id);
    // The key no longer exists, so node-0 replies with ASK.
    expect(await cluster.client.get(key)).toBeNull();
    expect(await cluster.client.set(key, "asked")).toBe("OK");
    for (const { client } of [from, to]) await client.cluster("SETSLOT", keySlot(key), "NODE", to.id);
    expect(await cluster.client.get(key)).toBe("asked");
  });

  test("clients of a node and their duplicates resubscribe after a restart", async ({ cluster }) => {
    const node = cluster.node("node-0");
    const connected = await node.connect({ connectionName: "subscriber" });
    const duplicate = node.client.duplicate();
    const subscribers = [connected, duplicate, duplicate.duplicate({ maxRetriesPerRequest: 3 })];
    for (const subscriber of subscribers) await subscriber.psubscribe("__keyspace@0__:*");
    expect(await node.client.client("LIST")).toContain("name=subscriber");
    const before = node.publishedAddress;

    await (await cluster.kill(node)).heal();
    // Podman keeps the port that it has chosen.
    if (before !== undefined && (await podmanVersion()) === undefined)
      expect(node.publishedAddress?.port).not.toBe(before.port);
    await expect
      .poll(
        async () =>
          String(await node.client.client("LIST", "TYPE", "PUBSUB"))
            .trim()
            .split("\n").length,
        // ioredis 5 checks more often than version 6 whether the node is ready, and waits in between.
        { timeout: 8_000 },
      )
      .toBe(3);
    await cluster.waitUntilHealthy();
    const messages = Promise.all(subscribers.map((subscriber) => once(subscriber, "pmessage")));
    const key = KEYS.find((name) => isPlannedOwner(cluster, node, name)) ?? "";
    await node.client.set(key, "x");
    await node.client.del(key);
    expect((await messages).map((message) => (message as unknown[])[2])).toEqual(["del", "del", "del"]);
  });

  test("a reset closes clients and their duplicates, also if their node is stopped", async ({ cluster }) => {
    const node = cluster.node("node-1");
    const clients = [node.client, await node.connect(), await node.connect({ lazyConnect: true })];
    const nodeClients = [...clients, ...clients.map((client) => client.duplicate())];
    const clusterClients = [cluster.client.duplicate(), (await cluster.connect()).duplicate()];
    await expect.poll(() => clusterClients.map(({ status }) => status)).toEqual(["ready", "ready"]);
    await cluster.kill(node);
    // With Podman, an attempt to connect to a stopped node may hang instead of being refused.
    const isPodman = (await podmanVersion()) !== undefined;
    const disconnected = isPodman ? expect.stringMatching(/^(re)?connecting$/) : "reconnecting";
    await expect.poll(() => nodeClients[3]?.status).toEqual(disconnected);
    const waiting = nodeClients[3]?.get("order:1").catch(String);
    await cluster.reset();
    expect(await waiting).toMatch(/closed|retries/);
    expect([...nodeClients, ...clusterClients].map(({ status }) => status)).toEqual(Array(8).fill("end"));
    expect(node.client).not.toBe(clients[0]);
    expect(await node.client.ping()).toBe("PONG");
  });

  test("node.connect reports why it could not connect", async ({ cluster }) => {
    await expect(
      cluster.node("node-1").connect({ username: "nobody", password: "x" }, { timeoutMs: 200 }),
    ).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(/not done after 200 ms\. Still: .*WRONGPASS/),
    });
  });

  test("a client with a natMap sends all its connections through the mapped proxies", async ({ cluster }) => {
    const proxies = await Promise.all(
      cluster.nodes.map(async ({ mappedAddress }) => {
        const server: Server = createServer((socket) => {
          const upstream = connect(mappedAddress);
          for (const end of [socket, upstream]) end.on("error", () => {});
          socket.pipe(upstream).pipe(socket);
        });
        await once(server.listen(0, "127.0.0.1"), "listening");
        return { server, port: (server.address() as AddressInfo).port };
      }),
    );
    try {
      const natMap = Object.fromEntries(
        cluster.nodes.map(({ name }, index) => [
          `${name}.redis.test:6379`,
          { host: "127.0.0.1", port: proxies[index]?.port ?? 0 },
        ]),
      );
      const ports: (number | undefined)[] = [];
      const client = await cluster.connect({ natMap, lazyConnect: true });
      client.on("+node", ({ options }: { options: { port?: number } }) => ports.push(options.port));
      await client.connect();
      await writeAllKeys(client);
      await writeWithRedirections(client);
      expect(new Set(ports)).toEqual(new Set(proxies.map(({ port }) => port)));
      client.disconnect();
    } finally {
      for (const { server } of proxies) server.close();
    }
  });
});

plainTest("stop() closes all clients of a cluster that started with unknown endpoints", async () => {
  const cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    config: { "cluster-preferred-endpoint-type": "unknown-endpoint" },
  });
  await using _stopped = cluster;
  await writeAllKeys(cluster.client);
  await writeWithRedirections(cluster.client);
  const node = cluster.node("node-2");
  const nodeClients = [node.client, node.client.duplicate(), await node.connect()];
  const clusterDuplicate = cluster.client.duplicate();
  await writeAllKeys(clusterDuplicate);
  await cluster.stop();
  expect([...nodeClients, clusterDuplicate, cluster.client].map(({ status }) => status)).toEqual(
    Array(5).fill("end"),
  );
  // A client that its user connects again is closed again.
  await expect(nodeClients[1]?.connect()).rejects.toThrow(/closed/);
  await expect.poll(() => nodeClients[1]?.status).toBe("end");
  await expect(node.connect()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
});
