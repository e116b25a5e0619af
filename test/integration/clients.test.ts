import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { Cluster } from "ioredis";
import {
  keySlot,
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

/** Keys of all three shards. */
const KEYS = Array.from({ length: 12 }, (_, index) => `order:${index}`);

async function writesEverywhere(client: Cluster): Promise<void> {
  for (const key of KEYS) expect(await client.set(key, "x")).toBe("OK");
}

/** Makes a client send the first command of each shard to one and the same node, which redirects it. */
async function followsRedirections(client: Cluster): Promise<void> {
  const [any] = client.nodes("master");
  const { host, port } = any?.options ?? {};
  for (const key of KEYS) {
    client.slots[keySlot(key)] = [`${host}:${port}`];
    expect(await client.set(key, "x")).toBe("OK");
  }
}

describe("clients of a cluster that announces host names", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({
      nodes: 3,
      replicas: 0,
      config: {
        "notify-keyspace-events": "Kg",
        "cluster-announce-hostname": "{name}.redis.test",
        "cluster-preferred-endpoint-type": "hostname",
      },
    });
  });
  afterEach(async () => {
    await cluster.reset();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  async function setEverywhere(directive: string, value: (node: RedisClusterNode) => string): Promise<void> {
    for (const node of cluster.nodes) await node.client.config("SET", directive, value(node));
  }

  /** The endpoints in a node's CLUSTER SLOTS, sorted. */
  async function endpoints(node: RedisClusterNode): Promise<readonly string[]> {
    const ranges = (await node.client.cluster("SLOTS")) as unknown as [number, number, [string | null]][];
    const found = ranges.map(([, , [endpoint]]) => String(endpoint));
    return found.toSorted((a, b) => a.localeCompare(b));
  }

  /** Everything that has to work whatever the nodes announce. */
  async function everythingWorks(): Promise<void> {
    await writesEverywhere(cluster.client);
    await followsRedirections(cluster.client);
    const client = await cluster.connect();
    await writesEverywhere(client);
    await followsRedirections(client);
    expect((await cluster.primaryOf("order:1")).name).toMatch(/^node-\d$/);
    await cluster.waitUntilHealthy();
    const workload = await cluster.startWorkload({ writers: 2 });
    await workload.waitForAcknowledged(0, Date.now());
    const ledger = await workload.stop();
    expect(ledger.lost).toEqual([]);
  }

  test("names given at the start are known to every node, and everything works", async () => {
    const names = ["node-0.redis.test", "node-1.redis.test", "node-2.redis.test"];
    for (const node of cluster.nodes) expect(await endpoints(node)).toEqual(names);
    expect(cluster.plan.nodes.map(({ hostname }) => hostname)).toEqual(names);
    await everythingWorks();
  });

  test("an application's own client finds the nodes by their names", async () => {
    const { startupNodes, options } = cluster.clientOptions();
    // Where addresses are mapped, ioredis tries nodes at random until it has read the slots again.
    const client = new Cluster(startupNodes, { ...options, maxRedirections: 1_000 });
    try {
      await writesEverywhere(client);
      await followsRedirections(client);
    } finally {
      client.disconnect();
    }
  });

  test("other containers of the network resolve the names", async () => {
    const key = KEYS.find((each) => !isOf(cluster.node("node-1"), each)) ?? "";
    const owner = await cluster.primaryOf(key);
    await owner.client.set(key, "x");
    const moving = owner.client.call("MIGRATE", "node-1.redis.test", 6379, key, 0, 5_000);
    // It has found node-1, which does not want the key.
    await expect(moving).rejects.toThrow(/Target instance replied with error: MOVED/);
  });

  function isOf({ index }: RedisClusterNode, key: string): boolean {
    const { first, last } = cluster.plan.shards.find(({ primary }) => primary === index)?.slots ?? {
      first: 0,
      last: -1,
    };
    return keySlot(key) >= first && keySlot(key) <= last;
  }

  test("names that are changed while clients are connected are followed", async () => {
    await setEverywhere("cluster-announce-hostname", ({ index }) => `other-${index}.redis.test`);
    await expect
      .poll(() => endpoints(cluster.node("node-2")))
      .toEqual([0, 1, 2].map((index) => `other-${index}.redis.test`));
    const { startupNodes, options } = cluster.clientOptions();
    const application = new Cluster(startupNodes, { ...options, maxRedirections: 1_000 });
    application.on("error", () => {});
    try {
      await writesEverywhere(application);
    } finally {
      application.disconnect();
    }
    await everythingWorks();
  });

  test("nodes that prefer names and have none are found", async () => {
    await setEverywhere("cluster-announce-hostname", () => "");
    await expect.poll(() => endpoints(cluster.node("node-1"))).toEqual(["?", "?", "?"]);
    await everythingWorks();
  });

  test("nodes that announce an unknown endpoint are found, also a slot in migration", async () => {
    await setEverywhere("cluster-preferred-endpoint-type", () => "unknown-endpoint");
    expect(await endpoints(cluster.node("node-0"))).toEqual(["null", "null", "null"]);
    await everythingWorks();

    const key = KEYS.find((each) => isOf(cluster.node("node-0"), each)) ?? "";
    await cluster.client.del(key);
    const [from, to] = [cluster.node("node-0"), cluster.node("node-1")];
    await to.client.cluster("SETSLOT", keySlot(key), "IMPORTING", from.id);
    await from.client.cluster("SETSLOT", keySlot(key), "MIGRATING", to.id);
    // The key is not there any more, so node-0 answers ASK.
    expect(await cluster.client.get(key)).toBeNull();
    expect(await cluster.client.set(key, "asked")).toBe("OK");
    for (const { client } of [from, to]) await client.cluster("SETSLOT", keySlot(key), "NODE", to.id);
    expect(await cluster.client.get(key)).toBe("asked");
  });

  test("node.connect and duplicates of a node's client hear again after a restart", async () => {
    const node = cluster.node("node-0");
    const connected = await node.connect({ connectionName: "subscriber" });
    const copy = node.client.duplicate();
    const subscribers = [connected, copy, copy.duplicate({ maxRetriesPerRequest: 3 })];
    for (const each of subscribers) await each.psubscribe("__keyspace@0__:*");
    expect(await node.client.client("LIST")).toContain("name=subscriber");
    const before = node.mappedAddress.port;

    await (await cluster.kill(node)).heal();
    expect(node.mappedAddress.port).not.toBe(before);
    await expect
      .poll(
        async () =>
          String(await node.client.client("LIST", "TYPE", "PUBSUB"))
            .trim()
            .split("\n").length,
      )
      .toBe(3);
    await cluster.waitUntilHealthy();
    const heard = Promise.all(subscribers.map((each) => once(each, "pmessage")));
    const key = KEYS.find((each) => isOf(node, each)) ?? "";
    await node.client.set(key, "x");
    await node.client.del(key);
    expect((await heard).map((heardBy) => (heardBy as unknown[])[2])).toEqual(["del", "del", "del"]);
  });

  test("a reset closes clients and duplicates, also while their node is dead", async () => {
    const node = cluster.node("node-1");
    const made = [node.client, await node.connect(), await node.connect({ lazyConnect: true })];
    const copies = [...made, ...made.map((each) => each.duplicate())];
    const clusters = [cluster.client.duplicate(), (await cluster.connect()).duplicate()];
    await expect.poll(() => clusters.map(({ status }) => status)).toEqual(["ready", "ready"]);
    await cluster.kill(node);
    await expect.poll(() => copies[3]?.status).toBe("reconnecting");
    const waiting = copies[3]?.get("order:1").catch(String);
    await cluster.reset();
    expect(await waiting).toMatch(/closed|retries/);
    expect([...copies, ...clusters].map(({ status }) => status)).toEqual(Array(8).fill("end"));
    expect(node.client).not.toBe(made[0]);
    expect(await node.client.ping()).toBe("PONG");
  });

  test("node.connect refuses options that say where to connect, and tells why it could not connect", async () => {
    const node = cluster.node("node-1");
    await expect(node.connect({ host: "10.0.0.1", port: 1 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("expected options without host, port"),
    });
    await expect(
      node.connect({ username: "nobody", password: "x" }, { timeoutMs: 200 }),
    ).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(/not done after 200 ms\. Still: .*WRONGPASS/),
    });
  });

  test("a natMap of the caller sends every connection of the client through its proxies", async () => {
    const proxies = await Promise.all(
      cluster.nodes.map(async ({ mappedAddress }) => {
        const server: Server = createServer((socket) => {
          const upstream = connect(mappedAddress);
          for (const each of [socket, upstream]) each.on("error", () => {});
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
      const seen: (number | undefined)[] = [];
      const client = await cluster.connect({ natMap, lazyConnect: true });
      client.on("+node", ({ options }: { options: { port?: number } }) => seen.push(options.port));
      await client.connect();
      await writesEverywhere(client);
      await followsRedirections(client);
      expect(new Set(seen)).toEqual(new Set(proxies.map(({ port }) => port)));
      client.disconnect();
    } finally {
      for (const { server } of proxies) server.close();
    }
  });

  test("a natMap that is neither a function nor an object is refused", async () => {
    await expect(cluster.connect({ natMap: "proxy" as never })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("got a string"),
    });
  });
});

test("a cluster whose nodes announce an unknown endpoint starts, and stop() closes all copies", async () => {
  const cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    config: { "cluster-preferred-endpoint-type": "unknown-endpoint" },
  });
  await using _stopped = cluster;
  await writesEverywhere(cluster.client);
  await followsRedirections(cluster.client);
  const node = cluster.node("node-2");
  const copies = [node.client, node.client.duplicate(), await node.connect()];
  const clusterCopy = cluster.client.duplicate();
  await writesEverywhere(clusterCopy);
  await cluster.stop();
  expect([...copies, clusterCopy, cluster.client].map(({ status }) => status)).toEqual(Array(5).fill("end"));
  // A client that its owner connects again does not come back.
  const late = copies[1]?.connect();
  await expect(late).rejects.toThrow(/closed/);
  await expect.poll(() => copies[1]?.status).toBe("end");
  await expect(node.connect()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
});
