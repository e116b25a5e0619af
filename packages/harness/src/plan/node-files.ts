import type { ClusterPlan, NodeRole, SlotRange, UserPlan } from "./cluster-plan.ts";
import type { Persistence, RedisConfig } from "./options.generated.ts";
import { configOfNode, quoteArgument, renderConfig } from "./server-config.ts";

/** What the two files say of a node. */
export interface NodeFacts {
  readonly index: number;
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly busPort: number;
  readonly role: NodeRole;
  readonly shard: number;
}

/** What nodes.conf says of a shard. */
export interface ShardFacts {
  readonly index: number;
  readonly slots: SlotRange;
  readonly shardId: string;
  readonly placeholderId: string;
}

/** Where a node's certificate, its key and the authority's certificate are in its container. */
export const TLS_FILES = {
  ca: "/tmp/redis-node-tls/ca.crt",
  cert: "/tmp/redis-node-tls/node.crt",
  key: "/tmp/redis-node-tls/node.key",
} as const;

const PERSISTENCE: Readonly<Record<Persistence, RedisConfig>> = {
  none: { save: "", appendonly: false },
  aof: { save: "", appendonly: true },
  rdb: { save: "1 1", appendonly: false },
};

/**
 * Options that a node is given on its first boot only, over those of its redis.conf, because a cluster that forms
 * needs other ones than one that is used; formation/final-settings.ts takes them back.
 */
export function firstBootArguments(nodes: number): readonly string[] {
  return [
    // While slots pass from placeholders to primaries, a hole must not turn a node's state to FAIL.
    ...["--cluster-require-full-coverage", "no"],
    // Nobody may be declared dead, however slowly the machine boots: the placeholders never answer, and one that
    // is FAIL leaves its shard without slots. Measured: 60 containers boot for 15 s on two cores.
    ...["--cluster-replica-no-failover", "yes"],
    ...["--cluster-node-timeout", String(5_000 + 500 * nodes)],
  ];
}

/** redis.conf of one node. */
export function renderRedisConf(
  node: NodeFacts,
  cluster: {
    readonly nodeTimeoutMs: number;
    readonly persistence: Persistence;
    readonly password: string | undefined;
    readonly users: readonly UserPlan[];
    readonly defaultUser: boolean;
    readonly replicationUser: string | undefined;
    readonly tls: ClusterPlan["tls"];
    readonly config: RedisConfig;
  },
): string {
  const { password, users, replicationUser } = cluster;
  const replication =
    replicationUser === undefined ? undefined : users.find(({ name }) => name === replicationUser);
  const primaryPassword = replication?.password ?? password;
  const userLines = [...(cluster.defaultUser ? [] : ["default off"]), ...users.map(userLine)];
  return renderConfig([
    {
      // Redis refuses clients from other addresses when it has no password; the container's network is the wall here.
      "protected-mode": false,
      "cluster-config-file": "nodes.conf",
      // After a sync over a socket the primary streams nothing until the replica's next acknowledgement, up to a
      // second later (`replicaPutOnline` in replication.c); after one by way of a file it starts at once.
      "repl-diskless-sync": false,
      // The file of a sync would come back as data at the next restart. The server deletes it within a second, and keeps it
      // where persistence is on.
      "rdb-del-sync-files": true,
      // For those who turn that on again: the default makes the first sync wait five seconds for more replicas.
      "repl-diskless-sync-delay": 0,
      // With a file in between, Valkey 9 ends a first sync only at the next one-second cron.
      "repl-diskless-load": "on-empty-db",
      // A replica at offset 0 counts as loading in CLUSTER SHARDS until the primary's first ping, by default 10 s.
      "repl-ping-replica-period": 1,
      ...PERSISTENCE[cluster.persistence],
    },
    configOfNode(cluster.config, node.index),
    {
      "cluster-enabled": true,
      "cluster-announce-ip": node.address,
      ...(cluster.tls === undefined ? plainPort(node) : tlsPort(node, cluster.tls)),
      "cluster-announce-bus-port": node.busPort,
      ...(node.busPort === node.port + 10_000 ? {} : { "cluster-port": node.busPort }),
      "cluster-node-timeout": cluster.nodeTimeoutMs,
      ...(password === undefined ? {} : { requirepass: quoteArgument(password) }),
      ...(replication === undefined ? {} : { masteruser: replication.name }),
      ...(primaryPassword === undefined ? {} : { masterauth: quoteArgument(primaryPassword) }),
      ...(userLines.length === 0 ? {} : { user: userLines }),
    },
  ]);
}

function plainPort({ port }: NodeFacts): RedisConfig {
  return { port, "cluster-announce-port": port };
}

/** TLS takes the place of the plain port. The bus asks for certificates on both sides, whatever clients have to do. */
function tlsPort({ port }: NodeFacts, { clientAuth }: NonNullable<ClusterPlan["tls"]>): RedisConfig {
  return {
    port: 0,
    "tls-port": port,
    "cluster-announce-tls-port": port,
    "tls-cluster": true,
    "tls-replication": true,
    "tls-auth-clients": clientAuth,
    "tls-ca-cert-file": TLS_FILES.ca,
    "tls-cert-file": TLS_FILES.cert,
    "tls-key-file": TLS_FILES.key,
  };
}

function userLine({ name, password, rules }: UserPlan): string {
  return [name, "on", ...[`>${password}`, ...rules].map(quoteArgument)].join(" ");
}

/** An address inside every container that refuses connections at once: loopback, and none of the node's own ports. */
function nobody(self: NodeFacts): string {
  const [port, busPort] = [6399, 6398, 6397, 6396].filter(
    (each) => each !== self.port && each !== self.busPort,
  );
  return `127.0.0.1:${port}@${busPort}`;
}

function nodeLine(
  id: string,
  address: string,
  shardId: string,
  flags: string,
  primaryId: string,
  tail: string,
): string {
  // The empty field is the hostname. Servers before 7.2 know no fields after it: the boot script takes them out.
  return `${id} ${address},,shard-id=${shardId} ${flags} ${primaryId} 0 0 ${tail}`;
}

/**
 * nodes.conf for a placeholder start: each shard's slots belong to a primary that does not exist, and every real
 * node is a replica of it. A replica boots with the state OK, and one that takes over keeps it; a primary would
 * boot with FAIL and refuse writes for 2 s (`CLUSTER_WRITABLE_DELAY` in cluster.c). docs/internals/formation.md tells more.
 */
export function renderPlaceholderNodesConf(
  self: NodeFacts,
  nodes: readonly NodeFacts[],
  shards: readonly ShardFacts[],
): string {
  const placeholders = shards.map((shard) =>
    nodeLine(
      shard.placeholderId,
      nobody(self),
      shard.shardId,
      "master",
      "-",
      `${shard.index + 1} connected ${shard.slots.first}-${shard.slots.last}`,
    ),
  );
  const members = nodes.map((node) => {
    const shard = shards[node.shard] as ShardFacts;
    const flags = node.index === self.index ? "myself,slave" : "slave";
    const address = `${node.address}:${node.port}@${node.busPort}`;
    return nodeLine(node.id, address, shard.shardId, flags, shard.placeholderId, "0 connected");
  });
  // A takeover claims currentEpoch + 1. Starting each shard elsewhere keeps the claims apart from the beginning.
  const vars = `vars currentEpoch ${shards.length + self.shard} lastVoteEpoch 0`;
  return `${[...placeholders, ...members, vars].join("\n")}\n`;
}

/**
 * nodes.conf for a node that comes back as new into a cluster that is otherwise as planned: it knows all others and their
 * roles, so nobody has to be introduced. A primary comes as the replica of a placeholder that has its slots, and takes over
 * from that. The placeholder has no address, so that nobody is told of it; that Valkey takes it for dead does no harm, as
 * the other primaries are a majority.
 *
 * @param epoch greater than every config epoch of the cluster.
 */
export function renderReturningNodesConf(
  self: NodeFacts,
  nodes: readonly NodeFacts[],
  shards: readonly (ShardFacts & { readonly primary: number })[],
  epoch: number,
): string {
  const slotsOf = ({ slots }: ShardFacts): string => `${slots.first}-${slots.last}`;
  const members = nodes.map((node) => {
    const shard = shards[node.shard] as ShardFacts & { readonly primary: number };
    const address = `${node.address}:${node.port}@${node.busPort}`;
    const primary = nodes[shard.primary] as NodeFacts;
    if (node.index === self.index) {
      const follows = self.role === "primary" ? shard.placeholderId : primary.id;
      return nodeLine(node.id, address, shard.shardId, "myself,slave", follows, "0 connected");
    }
    return node.role === "primary"
      ? nodeLine(node.id, address, shard.shardId, "master", "-", `0 connected ${slotsOf(shard)}`)
      : // Its siblings follow nobody until they see whom: they are told when it has taken over.
        nodeLine(node.id, address, shard.shardId, "slave", primary.id, "0 connected");
  });
  const own = shards[self.shard] as ShardFacts;
  const placeholder =
    self.role === "primary"
      ? [
          nodeLine(
            own.placeholderId,
            ":0@0",
            own.shardId,
            "master,noaddr",
            "-",
            `0 disconnected ${slotsOf(own)}`,
          ),
        ]
      : [];
  return `${[...placeholder, ...members, `vars currentEpoch ${epoch} lastVoteEpoch 0`].join("\n")}\n`;
}

/** nodes.conf for the plain way: only the node itself, so that it has the id that was planned. */
export function renderLonelyNodesConf(self: NodeFacts, shards: readonly ShardFacts[]): string {
  const shard = shards[self.shard] as ShardFacts;
  const address = `${self.address}:${self.port}@${self.busPort}`;
  return `${nodeLine(self.id, address, shard.shardId, "myself,master", "-", "0 connected")}\nvars currentEpoch 0 lastVoteEpoch 0\n`;
}
