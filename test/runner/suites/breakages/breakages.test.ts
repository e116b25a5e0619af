import type { RedisClusterNode, StartedRedisCluster } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

// Each test first verifies that the cluster has no traces of earlier tests, and then breaks something.

const COUNT = Number(process.env["TRC_BREAKAGES"] ?? 16);

const test = redisClusterTest({ nodeTimeoutMs: 500 });

/** The nodes and the key that a test breaks. They are different in each test. */
interface Target {
  readonly node: RedisClusterNode;
  readonly other: RedisClusterNode;
  readonly key: string;
}

type Breakage = (cluster: StartedRedisCluster, target: Target) => Promise<unknown>;

/** Returns a breakage that sends a command to the node. */
function command(...words: readonly [string, ...(string | number)[]]): Breakage {
  return async (_, { node }) => node.client.call(...words);
}

/** Returns a separate client, which does not reconnect after the reset has closed its connection. */
function createClient({ node }: Target): RedisClusterNode["client"] {
  const client = node.client.duplicate();
  client.on("error", () => client.disconnect());
  client.on("close", () => client.disconnect());
  return client;
}

async function primaryOf(cluster: StartedRedisCluster, { key }: Target): Promise<RedisClusterNode["client"]> {
  return (await cluster.primaryOf(key)).client;
}

const BREAKAGES: Readonly<Record<string, Breakage>> = {
  keys: ({ client }) =>
    Promise.all(Array.from({ length: 200 }, (_, index) => client.set(`key:${index}`, index))),
  "a killed node": (cluster, { node }) => cluster.kill(node),
  "a setting": command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"),
  "a failover": (cluster, { key }) => cluster.observeFailover(() => cluster.killMaster(key)),
  "a user": command("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all"),
  "a paused node": (cluster, { node }) => cluster.pause(node),
  "a script": command("SCRIPT", "LOAD", "return 1"),
  "a graceful failover": (cluster, { key }) => cluster.failover({ replicaOf: key }),
  "a function": async (cluster, target) =>
    (await primaryOf(cluster, target)).call(
      "FUNCTION",
      "LOAD",
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    ),
  "slots without an owner": async (cluster, { key }) => {
    const { client, index } = await cluster.primaryOf(key);
    const first = cluster.plan.shards.find(({ primary }) => primary === index)?.slots.first ?? 0;
    await client.call("CLUSTER", "DELSLOTSRANGE", first, first + 100);
  },
  "a subscription": ({ client }) => client.subscribe("news"),
  "a subscription of a shard channel": async (_, target) =>
    void createClient(target)
      .call("SSUBSCRIBE", target.key)
      .catch(() => {}),
  "an isolated primary": (cluster, { key }) =>
    cluster.observeFailover(() => cluster.isolate({ primaryOf: key })),
  "an open slot": async (cluster) => {
    const [from, to] = await cluster.primaries();
    await from?.client.cluster("SETSLOT", 7, "MIGRATING", to?.id ?? "");
  },
  "a forgotten node": (_, { node, other }) => node.client.cluster("FORGET", other.id).catch(() => {}),
  "a blocked client": async (_, target) =>
    void createClient(target)
      .call("BLPOP", "nothing", 0)
      .catch(() => {}),
  "a saved file": command("SAVE"),
  "a wiped node": (cluster, { node }) => cluster.restart(node, { data: "wiped" }),
  "a restarted node": (cluster, { node }) => cluster.restart(node),
  "a rewritten configuration": async (_, { node: { client } }) => {
    await client.config("SET", "maxmemory-policy", "allkeys-lru");
    await client.config("REWRITE");
  },
  "a running workload": (cluster) => cluster.startWorkload({ writers: 2 }),
  "a workload and a kill": async (cluster, { node }) => {
    await cluster.startWorkload({ writers: 2 });
    await cluster.kill(node);
  },
  "a closed client": async ({ client }) => client.disconnect(),
  "reset statistics": command("CONFIG", "RESETSTAT"),
  "a node that is isolated from the other nodes": (cluster, { node }) =>
    cluster.isolate(node, { plane: "bus" }),
  "a node that clients cannot reach": (cluster, { node }) => cluster.isolate(node, { plane: "clients" }),
  "a node that receives but cannot send": (cluster, { node }) =>
    cluster.partition([[node.name], "rest"], { oneWay: true }),
  "lost packets": (cluster, { node }) => cluster.loss(node, 0.3),
  "slow commands": (cluster, { node }) => cluster.slowCommands(node, 20),
  "an open transaction": async (_, { node: { client } }) => {
    await client.call("MULTI");
    await client.call("SET", "never", "done").catch(() => {});
  },
  "a changed default user": command("ACL", "SETUSER", "default", "-debug"),
  "a frozen replica": (cluster, { key }) => cluster.freezeReplication({ replicaOf: key }),
  "a paused server": command("CLIENT", "PAUSE", 300, "WRITE"),
  "a stopped node": (cluster, { node }) => cluster.stopNode(node),
  "a killed shard": (cluster, { key }) => cluster.kill({ shardOf: key }),
  "a killed majority": (cluster) => cluster.kill({ majorityOf: "primaries" }),
  "a monitor": async (_, target) =>
    void createClient(target)
      .call("MONITOR")
      .catch(() => {}),
  "a tracking client": async (_, target) =>
    void createClient(target)
      .call("CLIENT", "TRACKING", "ON", "BCAST")
      .catch(() => {}),
  "a client's name": command("CLIENT", "SETNAME", "test"),
  "a stream with a group": ({ client }, { key }) => client.xgroup("CREATE", key, "group", "$", "MKSTREAM"),
  "a key with a time to live": ({ client }, { key }) => client.set(key, "short", "EX", 1_000),
  "a password": command("CONFIG", "SET", "masterauth", "secret"),
  "persistence that is turned on": command("CONFIG", "SET", "appendonly", "yes"),
  "a raised epoch": command("CLUSTER", "BUMPEPOCH"),
};

const NAMES = Object.keys(BREAKAGES);

async function expectPristine(cluster: StartedRedisCluster): Promise<void> {
  await expect(cluster).toBeHealthy();
  expect(cluster.activeFaults).toEqual([]);
  expect(cluster.history.failovers).toEqual([]);
  for (const { client, plannedRole, name } of cluster.nodes) {
    expect(await client.dbsize(), `keys of ${name}`).toBe(0);
    expect((await client.role())[0], `role of ${name}`).toBe(plannedRole === "primary" ? "master" : "slave");
    expect(await client.call("ACL", "LIST")).toEqual(["user default on nopass sanitize-payload ~* &* +@all"]);
    expect(await client.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
    expect(await client.call("FUNCTION", "LIST")).toEqual([]);
    expect((await client.info("memory")).match(/number_of_cached_scripts:(\d+)/)?.[1]).toBe("0");
    expect(await client.pubsub("CHANNELS")).toEqual([]);
  }
}

test.for(Array.from({ length: COUNT }, (_, index) => ({ index, name: NAMES[index % NAMES.length] ?? "" })))(
  "$index: $name",
  async ({ index, name }, { cluster }) => {
    await expectPristine(cluster);
    // Each pass through the list breaks other nodes.
    const round = Math.floor(index / NAMES.length);
    const at = (offset: number): RedisClusterNode =>
      cluster.nodes[(index + round + offset) % cluster.nodes.length] as RedisClusterNode;
    await BREAKAGES[name]?.(cluster, { node: at(0), other: at(1), key: `order:${index}` });
  },
);
