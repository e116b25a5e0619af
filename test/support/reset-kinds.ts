import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { RedisClusterNode, StartedRedisCluster } from "testcontainers-redis-cluster";

// Every kind of state that the use of a cluster can leave, as listed in docs/reference/reset-states.md.

/** The cluster and the node on which a kind of state is left. */
export interface StateContext {
  readonly cluster: StartedRedisCluster;
  /** The node on which the state is left. */
  readonly node: RedisClusterNode;
  /** Opens a connection that neither the cluster nor ioredis restores, and sends a command on it. */
  readonly send: (...command: readonly string[]) => Promise<Socket>;
}

/** A kind of state that a reset removes. */
export interface StateKind {
  readonly name: string;
  /** `restored`: the reset removes the state with commands. `replaced`: the reset replaces the process of the node. */
  readonly outcome: "restored" | "replaced";
  /** The role of the node on which the state is left. @default a primary */
  readonly on?: "replica";
  /** Leaves the state. */
  readonly leave: (context: StateContext) => Promise<unknown>;
  /** Reads a value that the state changes. The value must be the same before the state is left and after the reset. */
  readonly read: (context: StateContext) => Promise<unknown>;
  /** Returns whether a server does not have this kind of state. */
  readonly missingOn?: (server: string) => boolean;
}

const LIBRARY = "#!lua name=left\nredis.register_function('left', function() return 1 end)";
const MARK = "left-by-a-test";
/** Runs for some milliseconds. The loop does not read the time, because the clock stands still in a script. */
const BUSY_LUA = "for i = 1, 3000000 do end";

const isValkey = (server: string): boolean => server.startsWith("valkey");

/** Returns a field of INFO. */
async function readInfo({ node }: StateContext, section: string, field: string): Promise<string | undefined> {
  const text = await node.client.info(section);
  return new RegExp(`^${field}:(.*)$`, "m").exec(text)?.[1]?.trim();
}

async function readSetting({ node }: StateContext, name: string): Promise<unknown> {
  return await node.client.config("GET", name);
}

async function changeSetting({ node }: StateContext, name: string, value: string): Promise<void> {
  await node.client.config("SET", name, value);
}

async function countClients({ node }: StateContext, pattern: RegExp): Promise<number> {
  const list = String(await node.client.client("LIST"));
  return list.split("\n").filter((line) => pattern.test(line)).length;
}

/** Returns the ACL rules without `sanitize-payload`, a flag without effect that Redis 7.0 adds if the default user changes. */
async function readUsers({ node }: StateContext): Promise<unknown> {
  return JSON.stringify(await node.client.call("ACL", "LIST")).replaceAll(" sanitize-payload", "");
}

/** Returns a key that the shard of the node owns. */
function keyOf({ node, cluster }: Pick<StateContext, "node" | "cluster">): string {
  const shard = cluster.plan.shards.find(({ primary, replicas }) =>
    [primary, ...replicas].includes(node.index),
  );
  if (shard === undefined) throw new Error(`${node.name} does not belong to a shard`);
  return KEYS[shard.index] ?? "";
}

/** One key for each of three shards, in the order of the shards. */
const KEYS = ["key:0", "key:1", "key:3"];

export const STATE_KINDS: readonly StateKind[] = [
  {
    name: "keys",
    outcome: "restored",
    leave: ({ node, cluster }) => node.client.set(keyOf({ node, cluster }), 1),
    read: ({ node }) => node.client.dbsize(),
  },
  {
    name: "scripts",
    outcome: "restored",
    leave: ({ node }) => node.client.script("LOAD", "return 1"),
    read: (context) => readInfo(context, "memory", "number_of_cached_scripts"),
  },
  {
    name: "scripts of a replica",
    outcome: "restored",
    on: "replica",
    leave: ({ node }) => node.client.script("LOAD", "return 2"),
    read: (context) => readInfo(context, "memory", "number_of_cached_scripts"),
  },
  {
    name: "functions",
    outcome: "restored",
    leave: ({ node }) => node.client.function("LOAD", LIBRARY),
    read: ({ node }) => node.client.function("LIST"),
  },
  {
    name: "settings",
    outcome: "restored",
    leave: async (context) => {
      await changeSetting(context, "maxmemory-policy", "allkeys-lru");
      await changeSetting(context, "notify-keyspace-events", "KEA");
      await changeSetting(context, "client-output-buffer-limit", "pubsub 64mb 16mb 30");
    },
    read: async (context) => [
      await readSetting(context, "maxmemory-policy"),
      await readSetting(context, "notify-keyspace-events"),
      await readSetting(context, "client-output-buffer-limit"),
    ],
  },
  {
    name: "hidden settings",
    outcome: "restored",
    leave: async (context) => {
      await changeSetting(context, "key-load-delay", "500");
      await changeSetting(context, "rdb-key-save-delay", "7");
    },
    read: async (context) => [
      await readSetting(context, "key-load-delay"),
      await readSetting(context, "rdb-key-save-delay"),
    ],
  },
  {
    name: "users",
    outcome: "restored",
    leave: ({ node }) => node.client.call("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all"),
    read: readUsers,
  },
  {
    name: "rules of the default user",
    outcome: "restored",
    leave: ({ node }) => node.client.call("ACL", "SETUSER", "default", "-flushall", "-slowlog|reset"),
    read: readUsers,
  },
  {
    name: "connections",
    outcome: "restored",
    leave: ({ send }) => send("CLIENT", "SETNAME", MARK),
    read: (context) => countClients(context, new RegExp(`name=${MARK}`)),
  },
  {
    name: "subscriptions",
    outcome: "restored",
    leave: async ({ send, node, cluster }) => {
      await send("SUBSCRIBE", "news");
      await send("PSUBSCRIBE", "n*");
      await send("SSUBSCRIBE", keyOf({ node, cluster }));
    },
    read: async (context) => [
      await context.node.client.pubsub("CHANNELS"),
      await context.node.client.call("PUBSUB", "NUMPAT"),
      await context.node.client.call("PUBSUB", "SHARDCHANNELS"),
    ],
  },
  {
    name: "blocked commands",
    outcome: "restored",
    leave: async (context) => {
      await context.send("BLPOP", `{${keyOf(context)}}:list`, "0");
      await waitUntil(async () => (await readInfo(context, "clients", "blocked_clients")) === "1");
    },
    read: (context) => readInfo(context, "clients", "blocked_clients"),
  },
  {
    name: "monitors",
    outcome: "restored",
    leave: ({ send }) => send("MONITOR"),
    read: (context) => countClients(context, /flags=\w*O/),
  },
  {
    name: "tracked keys",
    outcome: "restored",
    leave: async (context) => {
      const socket = await context.send("HELLO", "3");
      await sendCommand(socket, "CLIENT", "TRACKING", "ON");
      await sendCommand(socket, "GET", keyOf(context));
    },
    read: async (context) => [
      await readInfo(context, "clients", "tracking_clients"),
      await readInfo(context, "stats", "tracking_total_keys"),
    ],
  },
  {
    name: "the slow log",
    outcome: "restored",
    leave: async (context) => {
      await changeSetting(context, "slowlog-log-slower-than", "0");
      await context.node.client.echo(MARK);
      await changeSetting(context, "slowlog-log-slower-than", "10000");
    },
    read: async ({ node }) => JSON.stringify(await node.client.slowlog("GET", 50)).includes(MARK),
  },
  {
    name: "the logs of large requests and replies",
    outcome: "restored",
    missingOn: (server) => !isValkey(server),
    leave: async (context) => {
      await changeSetting(context, "commandlog-request-larger-than", "100");
      await changeSetting(context, "commandlog-reply-larger-than", "100");
      await context.node.client.echo("x".repeat(200));
    },
    read: async ({ node }) => [
      await node.client.call("COMMANDLOG", "LEN", "large-request"),
      await node.client.call("COMMANDLOG", "LEN", "large-reply"),
    ],
  },
  {
    name: "latency events",
    outcome: "restored",
    leave: async (context) => {
      await changeSetting(context, "latency-monitor-threshold", "1");
      await context.node.client.eval(BUSY_LUA, 0);
    },
    read: ({ node }) => node.client.latency("LATEST"),
  },
  {
    name: "the ACL log",
    outcome: "restored",
    leave: async ({ send }) => {
      await send("AUTH", "unknown", "wrong");
    },
    read: ({ node }) => node.client.call("ACL", "LOG"),
  },
  {
    name: "statistics of commands and errors",
    outcome: "restored",
    leave: async ({ send, node }) => {
      await node.client.lolwut();
      await send("NOSUCHCOMMAND");
    },
    read: async ({ node }) => [
      (await node.client.info("commandstats")).includes("cmdstat_lolwut"),
      JSON.stringify(await node.client.call("LATENCY", "HISTOGRAM")).includes("lolwut"),
    ],
  },
  {
    name: "statistics of slots",
    outcome: "restored",
    missingOn: (server) => !isValkey(server),
    leave: async (context) => {
      await changeSetting(context, "cluster-slot-stats-enabled", "yes");
      await context.node.client.set(keyOf(context), "x".repeat(1000));
    },
    // The server reports these statistics only while it collects them.
    read: async (context) => {
      await changeSetting(context, "cluster-slot-stats-enabled", "yes");
      const stats = await context.node.client.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 0, 5_460);
      await changeSetting(context, "cluster-slot-stats-enabled", "no");
      return /"network-bytes-in",[1-9]/.test(JSON.stringify(stats));
    },
  },
  {
    name: "announced hostnames",
    outcome: "restored",
    leave: async (context) => {
      await changeSetting(context, "cluster-announce-hostname", "left.example");
      await waitUntil(async () =>
        String(await otherPrimary(context).client.cluster("NODES")).includes("left.example"),
      );
    },
    read: async (context) =>
      String(await otherPrimary(context).client.cluster("NODES")).includes("left.example"),
  },
  {
    name: "connections that replicate",
    outcome: "restored",
    leave: ({ send }) => send("SYNC"),
    read: (context) => readInfo(context, "replication", "connected_slaves"),
  },
  // This kind is the last one, because it blocks writes.
  {
    name: "a pause of clients",
    outcome: "restored",
    leave: ({ send }) => send("CLIENT", "PAUSE", "100000", "WRITE"),
    read: async (context) => {
      const answer = context.node.client.call("PUBLISH", "news", "1").then(() => "answers");
      return await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300, "paused"))]);
    },
  },
  ...kindsThatReplace(),
];

function kindsThatReplace(): readonly StateKind[] {
  const readRunId = ({ node }: StateContext): Promise<string | undefined> =>
    readInfo({ node } as StateContext, "server", "run_id");
  const kinds: readonly (readonly [name: string, leave: StateKind["leave"], on?: "replica"])[] = [
    ["a snapshot by a command", ({ node }) => node.client.save()],
    [
      "a snapshot by save points",
      async (context) => {
        await context.node.client.set(keyOf(context), "old");
        await changeSetting(context, "save", "1 1");
        await waitUntil(async () => Number(await readInfo(context, "persistence", "rdb_saves")) > 0);
        await changeSetting(context, "save", "");
      },
    ],
    ["save points", (context) => changeSetting(context, "save", "3600 1"), "replica"],
    [
      "an append-only file",
      async (context) => {
        await changeSetting(context, "appendonly", "yes");
        await changeSetting(context, "appendonly", "no");
      },
    ],
    ["a rewritten file of settings", ({ node }) => node.client.config("REWRITE"), "replica"],
    ["switches of DEBUG", ({ node }) => node.client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")],
    ["statistics that were reset", ({ node }) => node.client.config("RESETSTAT"), "replica"],
    ["forgotten nodes", ({ node, cluster }) => node.client.cluster("FORGET", cluster.node("node-5").id)],
    [
      "open slots",
      (context) =>
        context.node.client.cluster(
          "SETSLOT",
          firstSlot(otherPrimary(context), context),
          "IMPORTING",
          otherPrimary(context).id,
        ),
    ],
    ["config epochs", ({ node }) => node.client.call("CLUSTER", "BUMPEPOCH")],
  ];
  return kinds.map(([name, leave, on]) => ({
    name,
    outcome: "replaced",
    leave,
    read: readRunId,
    ...(on === undefined ? {} : { on }),
  }));
}

function firstSlot({ index }: RedisClusterNode, { cluster }: StateContext): number {
  return cluster.plan.shards.find(({ primary }) => primary === index)?.slots.first ?? 0;
}

/** Returns another primary than the node of the context. */
function otherPrimary({ cluster, node }: StateContext): RedisClusterNode {
  return cluster.nodes.find(
    ({ name, plannedRole }) => plannedRole === "primary" && name !== node.name,
  ) as RedisClusterNode;
}

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  const limit = AbortSignal.timeout(20_000);
  while (!(await holds())) {
    limit.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends a command and waits for the first bytes of its reply, except for BLPOP, which blocks. */
async function sendCommand(socket: Socket, ...command: readonly string[]): Promise<void> {
  const replied = once(socket, "data");
  socket.write(`*${command.length}\r\n${command.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`);
  if (command[0] !== "BLPOP") await replied;
}

/** Opens connections that are closed at the end of the test. */
export class RawConnections implements Disposable {
  readonly #open: Socket[] = [];

  /** Returns a function that opens a connection to a node and sends a command on it. */
  to(node: RedisClusterNode): StateContext["send"] {
    return async (...command) => {
      const { host, port } = node.mappedAddress;
      const socket = connect(port, host);
      this.#open.push(socket);
      // The reset closes the connection.
      socket.on("error", () => {});
      await once(socket, "connect");
      await sendCommand(socket, ...command);
      return socket;
    };
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy();
  }
}
