import fc from "fast-check";
import { expect, test } from "vitest";
import type { UserPlan } from "./cluster-plan.ts";
import {
  firstBootArguments,
  type NodeFacts,
  renderMeetNodesConf,
  renderPlaceholderNodesConf,
  renderRedisConf,
  renderRejoiningNodesConf,
  type ShardFacts,
} from "./node-files.ts";
import type { Persistence, RedisConfig } from "./options.generated.ts";

const ID = ["a", "b", "c"].map((letter) => letter.repeat(40)) as [string, string, string];
const SHARD_ID = ["1".repeat(40), "2".repeat(40)] as const;
const PLACEHOLDER_ID = ["e".repeat(40), "f".repeat(40)] as const;

function factsOf(index: 0 | 1 | 2, change: Partial<NodeFacts>): NodeFacts {
  return {
    index,
    id: ID[index],
    address: `172.28.0.${11 + index}`,
    port: 6379,
    busPort: 16379,
    role: "primary",
    shard: 0,
    ...change,
  };
}

const NODES = [factsOf(0, {}), factsOf(1, { shard: 1 }), factsOf(2, { role: "replica" })] as const;
const SHARDS: readonly ShardFacts[] = [
  { index: 0, slots: { first: 0, last: 8191 }, shardId: SHARD_ID[0], placeholderId: PLACEHOLDER_ID[0] },
  { index: 1, slots: { first: 8192, last: 16383 }, shardId: SHARD_ID[1], placeholderId: PLACEHOLDER_ID[1] },
];

const REJOIN_SHARDS = SHARDS.map((shard, primary) => ({ ...shard, primary }));

/** Returns the values of each directive, in the order in which the server reads them. */
function directives(conf: string): Readonly<Record<string, readonly string[]>> {
  const values: Record<string, string[]> = {};
  for (const line of conf.trimEnd().split("\n")) {
    const [name = "", ...value] = line.split(" ");
    values[name] ??= [];
    values[name].push(value.join(" "));
  }
  return values;
}

function redisConf(
  options: {
    node?: Partial<NodeFacts>;
    nodeTimeoutMs?: number;
    persistence?: Persistence;
    password?: string;
    users?: readonly UserPlan[];
    defaultUser?: boolean;
    replicationUser?: string;
    tls?: { clientAuth: boolean; names: string };
    config?: RedisConfig;
  } = {},
): Readonly<Record<string, readonly string[]>> {
  const {
    node = {},
    nodeTimeoutMs = 1_000,
    persistence = "none",
    password,
    users = [],
    tls,
    config = {},
  } = options;
  const { defaultUser = true, replicationUser } = options;
  const login = { password, users, defaultUser, replicationUser };
  return directives(renderRedisConf(factsOf(0, node), { nodeTimeoutMs, persistence, ...login, tls, config }));
}

test("replicas log in as the replication user if there is one", () => {
  const users = [{ name: "copy", password: 'a "b"', rules: ["+psync"] }];
  expect(redisConf({ users, password: "d", replicationUser: "copy" })).toMatchObject({
    requirepass: ['"d"'],
    masteruser: ["copy"],
    masterauth: ['"a \\"b\\""'],
    user: ['copy on ">a \\"b\\"" "+psync"'],
  });
  expect(redisConf({ users, password: "d" })).toMatchObject({ masterauth: ['"d"'] });
  expect(redisConf({ users })).not.toHaveProperty("masteruser");
});

test("redis.conf switches the default user off before it defines the other users", () => {
  const users = [{ name: "app", password: "p", rules: ["+ping"] }];
  expect(redisConf({ users, defaultUser: false })).toMatchObject({
    user: ["default off", 'app on ">p" "+ping"'],
  });
  expect(redisConf({ users, defaultUser: false })).not.toHaveProperty("requirepass");
});

test("redis.conf enables the cluster mode and announces the address of the node", () => {
  expect(redisConf({ node: { address: "172.28.0.14", port: 7000, busPort: 17_000 } })).toMatchObject({
    port: ["7000"],
    "cluster-enabled": ["yes"],
    "cluster-announce-ip": ["172.28.0.14"],
    "cluster-announce-port": ["7000"],
    "cluster-announce-bus-port": ["17000"],
    "cluster-config-file": ["nodes.conf"],
    "cluster-node-timeout": ["1000"],
    "protected-mode": ["no"],
  });
});

test.each([
  [200, "55"],
  [500, "28"],
  [1_000, "19"],
  [15_000, "11"],
])("with a node timeout of %i ms, replicas may be as old as with the servers' defaults", (ms, factor) => {
  const config = redisConf({ nodeTimeoutMs: ms });
  expect(config).toMatchObject({
    "repl-ping-replica-period": ["1"],
    "cluster-replica-validity-factor": [factor],
  });
  expect(1_000 + Number(factor) * ms).toBeGreaterThanOrEqual(10_000 + 10 * ms);
});

// Redis 6.2 does not know the directive.
test("redis.conf sets cluster-port only if the bus port is not the default", () => {
  expect(redisConf()).not.toHaveProperty("cluster-port");
  expect(redisConf({ node: { busPort: 7001 } })).toMatchObject({
    "cluster-port": ["7001"],
    "cluster-announce-bus-port": ["7001"],
  });
});

test.each([
  ["none", '""', "no"],
  ["aof", '""', "yes"],
  ["rdb", "1 1", "no"],
] as const)("with the persistence %s, save is %s and appendonly is %s", (persistence, save, appendonly) => {
  expect(redisConf({ persistence })).toMatchObject({ save: [save], appendonly: [appendonly] });
});

test("redis.conf sets the password for clients and for replication", () => {
  expect(redisConf()).not.toHaveProperty("requirepass");
  expect(redisConf()).not.toHaveProperty("masterauth");
  expect(redisConf({ password: 'a "b" \\c' })).toMatchObject({
    requirepass: ['"a \\"b\\" \\\\c"'],
    masterauth: ['"a \\"b\\" \\\\c"'],
  });
});

test("redis.conf has one line for each ACL user, with the password and rules quoted", () => {
  expect(redisConf()).not.toHaveProperty("user");
  const users = [
    { name: "app", password: 'a "b" \\c', rules: ["~app:*", "+@read"] },
    { name: "watcher", password: "w", rules: ["(~a +get)"] },
  ];
  expect(redisConf({ users })["user"]).toEqual([
    'app on ">a \\"b\\" \\\\c" "~app:*" "+@read"',
    'watcher on ">w" "(~a +get)"',
  ]);
});

test("with TLS, clients, replication and the bus use it, and there is no plain port", () => {
  const conf = redisConf({ node: { port: 7000, busPort: 17_001 }, tls: { clientAuth: false, names: "all" } });
  expect(conf).toMatchObject({
    port: ["0"],
    "tls-port": ["7000"],
    "cluster-announce-tls-port": ["7000"],
    "cluster-announce-bus-port": ["17001"],
    "cluster-port": ["17001"],
    "tls-cluster": ["yes"],
    "tls-replication": ["yes"],
    "tls-auth-clients": ["no"],
    "tls-key-file": ["/tmp/redis-node-tls/node.key"],
  });
  expect(conf).not.toHaveProperty("cluster-announce-port");
  expect(redisConf({ tls: { clientAuth: true, names: "all" } })).toMatchObject({
    "tls-auth-clients": ["yes"],
  });
  expect(Object.keys(redisConf()).filter((name) => name.includes("tls"))).toEqual([]);
});

test("directives of the option config replace the defaults without repeating them", () => {
  const config = {
    appendonly: true,
    save: ["900 1", "300 10"],
    "repl-diskless-sync-delay": 3,
    maxmemory: "9mb",
  };
  const conf = redisConf({ config, persistence: "rdb" });
  expect(conf).toMatchObject({
    appendonly: ["yes"],
    save: ["900 1", "300 10"],
    "repl-diskless-sync-delay": ["3"],
    maxmemory: ["9mb"],
  });
  const repeated = Object.entries(conf).filter(([, values]) => values.length > 1);
  expect(repeated.map(([name]) => name)).toEqual(["save"]);
});

test("the first boot prevents failovers, with a longer node timeout for more nodes", () => {
  expect(firstBootArguments(6)).toEqual([
    ...["--cluster-require-full-coverage", "no"],
    ...["--cluster-replica-no-failover", "yes"],
    ...["--cluster-node-timeout", "8000"],
  ]);
  expect(firstBootArguments(100).at(-1)).toBe("55000");
});

test("nodes.conf assigns all slots to placeholders, whose replicas are the nodes", () => {
  expect(renderPlaceholderNodesConf(NODES[2], NODES, SHARDS)).toBe(
    `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee 127.0.0.1:6399@6398,,shard-id=1111111111111111111111111111111111111111 master - 0 0 1 connected 0-8191
ffffffffffffffffffffffffffffffffffffffff 127.0.0.1:6399@6398,,shard-id=2222222222222222222222222222222222222222 master - 0 0 2 connected 8192-16383
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 172.28.0.11:6379@16379,,shard-id=1111111111111111111111111111111111111111 slave eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee 0 0 0 connected
bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 172.28.0.12:6379@16379,,shard-id=2222222222222222222222222222222222222222 slave ffffffffffffffffffffffffffffffffffffffff 0 0 0 connected
cccccccccccccccccccccccccccccccccccccccc 172.28.0.13:6379@16379,,shard-id=1111111111111111111111111111111111111111 myself,slave eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee 0 0 0 connected
vars currentEpoch 2 lastVoteEpoch 0
`,
  );
});

test("the nodes of each shard start with a different epoch", () => {
  const epoch = (node: NodeFacts): string | undefined =>
    /^vars currentEpoch (\d+) lastVoteEpoch 0$/m.exec(renderPlaceholderNodesConf(node, NODES, SHARDS))?.[1];
  expect(NODES.map(epoch)).toEqual(["2", "3", "2"]);
});

test("the ports of a placeholder are never ports of the node", () => {
  const anyPort = fc.oneof(
    fc.integer({ min: 1, max: 65_535 }),
    fc.constantFrom(6379, 6397, 6398, 6399, 16_379, 16_397, 16_398, 16_399),
  );
  fc.assert(
    fc.property(anyPort, anyPort, (port, busPort) => {
      const self = factsOf(0, { port, busPort });
      const [placeholder] = renderPlaceholderNodesConf(self, [self], SHARDS).split("\n");
      const [, client, bus] = / 127\.0\.0\.1:(\d+)@(\d+),/.exec(placeholder ?? "") ?? [];
      const nodePorts = [port, busPort];
      expect(nodePorts).not.toContain(Number(client));
      expect(nodePorts).not.toContain(Number(bus));
      expect(Number(client) * Number(bus)).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test("nodes.conf contains only the node itself for a formation with CLUSTER MEET", () => {
  expect(renderMeetNodesConf(NODES[1], SHARDS)).toBe(
    `bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 172.28.0.12:6379@16379,,shard-id=2222222222222222222222222222222222222222 myself,master - 0 0 0 connected
vars currentEpoch 0 lastVoteEpoch 0
`,
  );
});

test("nodes.conf of a rejoining replica contains all nodes and its primary", () => {
  const conf = renderRejoiningNodesConf(NODES[2], NODES, REJOIN_SHARDS, 12);
  expect(conf.split("\n")).toEqual([
    `${ID[0]} 172.28.0.11:6379@16379,,shard-id=${SHARD_ID[0]} master - 0 0 0 connected 0-8191`,
    `${ID[1]} 172.28.0.12:6379@16379,,shard-id=${SHARD_ID[1]} master - 0 0 0 connected 8192-16383`,
    `${ID[2]} 172.28.0.13:6379@16379,,shard-id=${SHARD_ID[0]} myself,slave ${ID[0]} 0 0 0 connected`,
    "vars currentEpoch 12 lastVoteEpoch 0",
    "",
  ]);
});

test("nodes.conf of a rejoining primary assigns its slots to a placeholder", () => {
  const conf = renderRejoiningNodesConf(NODES[0], NODES, REJOIN_SHARDS, 12);
  expect(conf.split("\n")).toEqual([
    `${PLACEHOLDER_ID[0]} :0@0,,shard-id=${SHARD_ID[0]} master,noaddr - 0 0 0 disconnected 0-8191`,
    `${ID[0]} 172.28.0.11:6379@16379,,shard-id=${SHARD_ID[0]} myself,slave ${PLACEHOLDER_ID[0]} 0 0 0 connected`,
    `${ID[1]} 172.28.0.12:6379@16379,,shard-id=${SHARD_ID[1]} master - 0 0 0 connected 8192-16383`,
    `${ID[2]} 172.28.0.13:6379@16379,,shard-id=${SHARD_ID[0]} slave ${ID[0]} 0 0 0 connected`,
    "vars currentEpoch 12 lastVoteEpoch 0",
    "",
  ]);
});
