import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { RedisClusterNode, StartedRedisCluster } from "testcontainers-redis-cluster";

// Every kind of state that a use of the cluster can leave, as docs/reference/reset-states.md lists them.

/** A cluster in a test, and what has to be closed at the end of it. */
export interface Scene {
  readonly cluster: StartedRedisCluster;
  /** The node on which the state is left. */
  readonly node: RedisClusterNode;
  /** A connection of an application's own, which neither the cluster nor ioredis restores. */
  readonly wire: (...command: readonly string[]) => Promise<Socket>;
}

/** A kind of state. */
export interface Kind {
  readonly name: string;
  /** `restored` by commands, so that no process is replaced, or `replaced` together with the process of the node. */
  readonly outcome: "restored" | "replaced";
  /** The kind is left on a replica, or on a primary, which is the default. */
  readonly on?: "replica";
  readonly leave: (scene: Scene) => Promise<unknown>;
  /** What of it can be seen: the same before it was left and after a reset, and something else in between. */
  readonly see: (scene: Scene) => Promise<unknown>;
  /** A server that does not have this kind. */
  readonly missingOn?: (server: string) => boolean;
}

const LIBRARY = "#!lua name=left\nredis.register_function('left', function() return 1 end)";
const MARK = "left-by-a-test";
/** Takes some milliseconds. The clock stands still in a script. */
const BUSY_LUA = "for i = 1, 3000000 do end";

const isValkey = (server: string): boolean => server.startsWith("valkey");

/** A field of INFO. */
async function info({ node }: Scene, section: string, field: string): Promise<string | undefined> {
  const text = await node.client.info(section);
  return new RegExp(`^${field}:(.*)$`, "m").exec(text)?.[1]?.trim();
}

async function setting({ node }: Scene, name: string): Promise<unknown> {
  return await node.client.config("GET", name);
}

async function set({ node }: Scene, name: string, value: string): Promise<void> {
  await node.client.config("SET", name, value);
}

async function clients({ node }: Scene, what: RegExp): Promise<number> {
  const list = String(await node.client.client("LIST"));
  return list.split("\n").filter((line) => what.test(line)).length;
}

/** The default user of Redis 7.0 begins without a flag that has no effect, and has it after any change. */
async function users({ node }: Scene): Promise<unknown> {
  return JSON.stringify(await node.client.call("ACL", "LIST")).replaceAll(" sanitize-payload", "");
}

/** A key that the node serves. */
function keyOf({ node, cluster }: Pick<Scene, "node" | "cluster">): string {
  const shard = cluster.plan.shards.find(({ primary, replicas }) =>
    [primary, ...replicas].includes(node.index),
  );
  if (shard === undefined) throw new Error(`${node.name} has no shard`);
  return KEYS[shard.index] ?? "";
}

/** Keys of the first, second and third of three shards. */
const KEYS = ["key:0", "key:1", "key:3"];

export const KINDS: readonly Kind[] = [
  {
    name: "keys",
    outcome: "restored",
    leave: ({ node, cluster }) => node.client.set(keyOf({ node, cluster }), 1),
    see: ({ node }) => node.client.dbsize(),
  },
  {
    name: "scripts",
    outcome: "restored",
    leave: ({ node }) => node.client.script("LOAD", "return 1"),
    see: (scene) => info(scene, "memory", "number_of_cached_scripts"),
  },
  {
    name: "scripts of a replica",
    outcome: "restored",
    on: "replica",
    leave: ({ node }) => node.client.script("LOAD", "return 2"),
    see: (scene) => info(scene, "memory", "number_of_cached_scripts"),
  },
  {
    name: "functions",
    outcome: "restored",
    leave: ({ node }) => node.client.function("LOAD", LIBRARY),
    see: ({ node }) => node.client.function("LIST"),
  },
  {
    name: "settings",
    outcome: "restored",
    leave: async (scene) => {
      await set(scene, "maxmemory-policy", "allkeys-lru");
      await set(scene, "notify-keyspace-events", "KEA");
      await set(scene, "client-output-buffer-limit", "pubsub 64mb 16mb 30");
    },
    see: async (scene) => [
      await setting(scene, "maxmemory-policy"),
      await setting(scene, "notify-keyspace-events"),
      await setting(scene, "client-output-buffer-limit"),
    ],
  },
  {
    name: "hidden settings",
    outcome: "restored",
    leave: async (scene) => {
      await set(scene, "key-load-delay", "500");
      await set(scene, "rdb-key-save-delay", "7");
    },
    see: async (scene) => [
      await setting(scene, "key-load-delay"),
      await setting(scene, "rdb-key-save-delay"),
    ],
  },
  {
    name: "users",
    outcome: "restored",
    leave: ({ node }) => node.client.call("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all"),
    see: users,
  },
  {
    name: "rules of the default user",
    outcome: "restored",
    leave: ({ node }) => node.client.call("ACL", "SETUSER", "default", "-flushall", "-slowlog|reset"),
    see: users,
  },
  {
    name: "connections",
    outcome: "restored",
    leave: ({ wire }) => wire("CLIENT", "SETNAME", MARK),
    see: (scene) => clients(scene, new RegExp(`name=${MARK}`)),
  },
  {
    name: "subscriptions",
    outcome: "restored",
    leave: async ({ wire, node, cluster }) => {
      await wire("SUBSCRIBE", "news");
      await wire("PSUBSCRIBE", "n*");
      await wire("SSUBSCRIBE", keyOf({ node, cluster }));
    },
    see: async (scene) => [
      await scene.node.client.pubsub("CHANNELS"),
      await scene.node.client.call("PUBSUB", "NUMPAT"),
      await scene.node.client.call("PUBSUB", "SHARDCHANNELS"),
    ],
  },
  {
    name: "blocked commands",
    outcome: "restored",
    leave: async (scene) => {
      await scene.wire("BLPOP", `{${keyOf(scene)}}:list`, "0");
      await until(async () => (await info(scene, "clients", "blocked_clients")) === "1");
    },
    see: (scene) => info(scene, "clients", "blocked_clients"),
  },
  {
    name: "monitors",
    outcome: "restored",
    leave: ({ wire }) => wire("MONITOR"),
    see: (scene) => clients(scene, /flags=\w*O/),
  },
  {
    name: "tracked keys",
    outcome: "restored",
    leave: async (scene) => {
      const socket = await scene.wire("HELLO", "3");
      await send(socket, "CLIENT", "TRACKING", "ON");
      await send(socket, "GET", keyOf(scene));
    },
    see: async (scene) => [
      await info(scene, "clients", "tracking_clients"),
      await info(scene, "stats", "tracking_total_keys"),
    ],
  },
  {
    name: "the slow log",
    outcome: "restored",
    leave: async (scene) => {
      await set(scene, "slowlog-log-slower-than", "0");
      await scene.node.client.echo(MARK);
      await set(scene, "slowlog-log-slower-than", "10000");
    },
    see: async ({ node }) => JSON.stringify(await node.client.slowlog("GET", 50)).includes(MARK),
  },
  {
    name: "the logs of large requests and replies",
    outcome: "restored",
    missingOn: (server) => !isValkey(server),
    leave: async (scene) => {
      await set(scene, "commandlog-request-larger-than", "100");
      await set(scene, "commandlog-reply-larger-than", "100");
      await scene.node.client.echo("x".repeat(200));
    },
    see: async ({ node }) => [
      await node.client.call("COMMANDLOG", "LEN", "large-request"),
      await node.client.call("COMMANDLOG", "LEN", "large-reply"),
    ],
  },
  {
    name: "latency events",
    outcome: "restored",
    leave: async (scene) => {
      await set(scene, "latency-monitor-threshold", "1");
      await scene.node.client.eval(BUSY_LUA, 0);
    },
    see: ({ node }) => node.client.latency("LATEST"),
  },
  {
    name: "the ACL log",
    outcome: "restored",
    leave: async ({ wire }) => {
      await wire("AUTH", "nobody", "wrong");
    },
    see: ({ node }) => node.client.call("ACL", "LOG"),
  },
  {
    name: "statistics of commands and errors",
    outcome: "restored",
    leave: async ({ wire, node }) => {
      await node.client.lolwut();
      await wire("NOSUCHCOMMAND");
    },
    see: async ({ node }) => [
      (await node.client.info("commandstats")).includes("cmdstat_lolwut"),
      JSON.stringify(await node.client.call("LATENCY", "HISTOGRAM")).includes("lolwut"),
    ],
  },
  {
    name: "statistics of slots",
    outcome: "restored",
    missingOn: (server) => !isValkey(server),
    leave: async (scene) => {
      await set(scene, "cluster-slot-stats-enabled", "yes");
      await scene.node.client.set(keyOf(scene), "x".repeat(1000));
    },
    // The server shows them only while they are counted.
    see: async (scene) => {
      await set(scene, "cluster-slot-stats-enabled", "yes");
      const stats = await scene.node.client.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 0, 5_460);
      await set(scene, "cluster-slot-stats-enabled", "no");
      return /"network-bytes-in",[1-9]/.test(JSON.stringify(stats));
    },
  },
  {
    name: "announced hostnames",
    outcome: "restored",
    leave: async (scene) => {
      await set(scene, "cluster-announce-hostname", "left.example");
      await until(async () => String(await other(scene).client.cluster("NODES")).includes("left.example"));
    },
    see: async (scene) => String(await other(scene).client.cluster("NODES")).includes("left.example"),
  },
  {
    name: "connections that replicate",
    outcome: "restored",
    leave: ({ wire }) => wire("SYNC"),
    see: (scene) => info(scene, "replication", "connected_slaves"),
  },
  // The last one: nothing is written after it.
  {
    name: "a pause of clients",
    outcome: "restored",
    leave: ({ wire }) => wire("CLIENT", "PAUSE", "100000", "WRITE"),
    see: async (scene) => {
      const answer = scene.node.client.call("PUBLISH", "news", "1").then(() => "answers");
      return await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300, "paused"))]);
    },
  },
  ...replaced(),
];

function replaced(): readonly Kind[] {
  const process = ({ node }: Scene): Promise<string | undefined> =>
    info({ node } as Scene, "server", "run_id");
  const kinds: readonly (readonly [name: string, leave: Kind["leave"], on?: "replica"])[] = [
    ["a snapshot by a command", ({ node }) => node.client.save()],
    [
      "a snapshot by save points",
      async (scene) => {
        await scene.node.client.set(keyOf(scene), "old");
        await set(scene, "save", "1 1");
        await until(async () => Number(await info(scene, "persistence", "rdb_saves")) > 0);
        await set(scene, "save", "");
      },
    ],
    ["save points", (scene) => set(scene, "save", "3600 1"), "replica"],
    [
      "an append-only file",
      async (scene) => {
        await set(scene, "appendonly", "yes");
        await set(scene, "appendonly", "no");
      },
    ],
    ["a rewritten file of settings", ({ node }) => node.client.config("REWRITE"), "replica"],
    ["switches of DEBUG", ({ node }) => node.client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")],
    ["statistics that were reset", ({ node }) => node.client.config("RESETSTAT"), "replica"],
    ["forgotten nodes", ({ node, cluster }) => node.client.cluster("FORGET", cluster.node("node-5").id)],
    [
      "open slots",
      (scene) =>
        scene.node.client.cluster("SETSLOT", firstSlot(other(scene), scene), "IMPORTING", other(scene).id),
    ],
    ["config epochs", ({ node }) => node.client.call("CLUSTER", "BUMPEPOCH")],
  ];
  return kinds.map(([name, leave, on]) => ({
    name,
    outcome: "replaced",
    leave,
    see: process,
    ...(on === undefined ? {} : { on }),
  }));
}

function firstSlot({ index }: RedisClusterNode, { cluster }: Scene): number {
  return cluster.plan.shards.find(({ primary }) => primary === index)?.slots.first ?? 0;
}

/** Another primary than the scene's node. */
function other({ cluster, node }: Scene): RedisClusterNode {
  return cluster.nodes.find(
    ({ name, plannedRole }) => plannedRole === "primary" && name !== node.name,
  ) as RedisClusterNode;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const limit = AbortSignal.timeout(20_000);
  while (!(await holds())) {
    limit.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends a command and waits for the beginning of its reply, if it has one at once. */
async function send(socket: Socket, ...command: readonly string[]): Promise<void> {
  const replied = once(socket, "data");
  socket.write(`*${command.length}\r\n${command.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`);
  if (command[0] !== "BLPOP") await replied;
}

/** Opens connections that end with the test. */
export class Wires implements Disposable {
  readonly #open: Socket[] = [];

  to(node: RedisClusterNode): Scene["wire"] {
    return async (...command) => {
      const { host, port } = node.mappedAddress;
      const socket = connect(port, host);
      this.#open.push(socket);
      // The reset cuts it off.
      socket.on("error", () => {});
      await once(socket, "connect");
      await send(socket, ...command);
      return socket;
    };
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy();
  }
}
