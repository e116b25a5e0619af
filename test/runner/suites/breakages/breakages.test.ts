import type { RedisClusterNode, StartedRedisCluster } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

// Each test proves first that it sees nothing of those before it, and then breaks something else.

const COUNT = Number(process.env["TRC_BREAKAGES"] ?? 16);
const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });

type Breakage = (
  cluster: StartedRedisCluster,
  node: RedisClusterNode,
  other: RedisClusterNode,
) => Promise<unknown>;

const BREAKAGES: Readonly<Record<string, Breakage>> = {
  keys: ({ client }) =>
    Promise.all(Array.from({ length: 200 }, (_, index) => client.set(`key:${index}`, index))),
  "a killed node": (cluster, node) => cluster.kill(node),
  "a setting": (_, { client }) => client.config("SET", "maxmemory-policy", "allkeys-lru"),
  "a failover": (cluster) => cluster.observeFailover(() => cluster.killMaster(KEY)),
  "a user": (_, { client }) => client.call("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all"),
  "a paused node": (cluster, node) => cluster.pause(node),
  "a script": (_, { client }) => client.script("LOAD", "return 1"),
  "a graceful failover": async (cluster) => cluster.failover((await cluster.replicasOf(KEY))[0] ?? ""),
  "a function": (cluster) =>
    cluster.nodes[0]?.client.call(
      "FUNCTION",
      "LOAD",
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    ) ?? Promise.reject(new Error("no node")),
  "slots without an owner": (cluster) =>
    cluster.nodes[1]?.client.call("CLUSTER", "DELSLOTSRANGE", 6_000, 6_100) ??
    Promise.reject(new Error("no node")),
  "a subscription": ({ client }) => client.subscribe("news"),
  "an isolated primary": (cluster) => cluster.observeFailover(() => cluster.isolate({ primaryOf: KEY })),
  "an open slot": (cluster) => {
    const [from, to] = cluster.nodes as unknown as [RedisClusterNode, RedisClusterNode];
    return from.client.cluster("SETSLOT", 7, "MIGRATING", to.id);
  },
  "a forgotten node": (_, { client }, other) => client.cluster("FORGET", other.id).catch(() => {}),
  "a blocked client": async (_, { client }) => {
    const blocked = client.duplicate();
    // It is cut off by the reset, which is its end.
    blocked.on("error", () => blocked.disconnect());
    blocked.call("BLPOP", "nothing", 0).catch(() => blocked.disconnect());
  },
  "a saved file": (cluster) => cluster.nodes[2]?.client.call("SAVE") ?? Promise.reject(new Error("no node")),
  "a wiped node": (cluster, node) => cluster.restart(node, { data: "wiped" }),
  "a rewritten configuration": async (_, { client }) => {
    await client.config("SET", "maxmemory-policy", "allkeys-lru");
    await client.config("REWRITE");
  },
  "a running workload": (cluster) => cluster.startWorkload({ writers: 2 }),
  "a closed client": async ({ client }) => client.disconnect(),
  "reset statistics": (_, { client }) => client.config("RESETSTAT"),
  "a node that is cut off from its siblings": (cluster, node) => cluster.isolate(node, { plane: "bus" }),
  "an open transaction": async (_, { client }) => {
    await client.call("MULTI");
    await client.call("SET", "never", "done").catch(() => {});
  },
  "a changed default user": (_, { client }) => client.call("ACL", "SETUSER", "default", "-debug"),
  "a frozen replica": (cluster) => cluster.freezeReplication({ replicaOf: KEY }),
  "a paused server": (_, { client }) => client.call("CLIENT", "PAUSE", 300, "WRITE"),
  "a stopped node": (cluster, node) => cluster.stopNode(node),
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

test.for(Array.from({ length: COUNT }, (_, index) => ({ index, what: NAMES[index % NAMES.length] ?? "" })))(
  "$index: $what",
  async ({ index, what }, { cluster }) => {
    await expectPristine(cluster);
    const at = (offset: number): RedisClusterNode =>
      cluster.nodes[(index + offset) % cluster.nodes.length] as RedisClusterNode;
    await BREAKAGES[what]?.(cluster, at(0), at(1));
  },
);
