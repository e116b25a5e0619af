import type { ClusterPlan, NodeRole, SlotRange, UserPlan } from "./cluster-plan.ts";
import { REPLICATION_PING_PERIOD_S, replicaValidityFactor } from "./election-times.ts";
import type { Persistence, RedisConfig } from "./options.generated.ts";
import { configOfNode, quoteArgument, renderConfig } from "./server-config.ts";

/** The facts about a node that redis.conf and nodes.conf contain. */
export interface NodeFacts {
  readonly index: number;
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly busPort: number;
  readonly role: NodeRole;
  readonly shard: number;
}

/** The facts about a shard that nodes.conf contains. */
export interface ShardFacts {
  readonly index: number;
  readonly slots: SlotRange;
  readonly shardId: string;
  readonly placeholderId: string;
}

/** The folder in a container with the certificates and the key of a node. */
export const TLS_FOLDER = "/tmp/redis-node-tls";

/** The paths in a container of the authority's certificate, and of the node's certificate and key. */
export const TLS_FILES = {
  ca: "/tmp/redis-node-tls/ca.crt",
  cert: "/tmp/redis-node-tls/node.crt",
  key: "/tmp/redis-node-tls/node.key",
} as const;

/** The directives of each kind of persistence. */
const PERSISTENCE: Readonly<Record<Persistence, RedisConfig>> = {
  none: { save: "", appendonly: false },
  aof: { save: "", appendonly: true },
  rdb: { save: "1 1", appendonly: false },
};

/**
 * Returns the arguments of the server that are used only at its first boot. They override its redis.conf, because the formation
 * needs other settings than the formed cluster. formation/final-settings.ts reverts them.
 *
 * @param nodes the number of nodes of the cluster.
 */
export function firstBootArguments(nodes: number): readonly string[] {
  return [
    // While primaries take over slots from the placeholders, some slots have no owner. This must not make the cluster state FAIL.
    ...["--cluster-require-full-coverage", "no"],
    // No node may be declared failed, even if containers boot slowly. The placeholders never answer, and if a placeholder is
    // declared failed, its shard has no slots. Measured: 60 containers boot for 15 s on two cores.
    ...["--cluster-replica-no-failover", "yes"],
    ...["--cluster-node-timeout", String(5_000 + 500 * nodes)],
  ];
}

/** Returns the redis.conf of a node. */
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
      // Without a password Redis rejects clients from other addresses. Here the network of the container protects the server.
      "protected-mode": false,
      "cluster-config-file": "nodes.conf",
      // After a sync over a socket, the primary starts to stream only at the replica's next acknowledgement, up to a second later
      // (`replicaPutOnline` in replication.c). After a sync with a file it starts at once.
      "repl-diskless-sync": false,
      // At the next restart, the server would load the file of a sync as its data. With this directive it deletes the file within
      // a second, unless persistence is on.
      "rdb-del-sync-files": true,
      // If a user enables diskless syncs: with the default, the first sync waits five seconds for more replicas.
      "repl-diskless-sync-delay": 0,
      // If the replica stores a first sync in a file, Valkey 9 completes it only at the next cron, which runs every second.
      "repl-diskless-load": "on-empty-db",
      // CLUSTER SHARDS reports a replica at offset 0 as loading until the primary's first ping, by default after 10 s.
      "repl-ping-replica-period": REPLICATION_PING_PERIOD_S,
      "cluster-replica-validity-factor": replicaValidityFactor(cluster.nodeTimeoutMs),
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

/** Returns the directives of a TLS port without a plain port. The bus always requires certificates on both sides. */
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

/** Returns a loopback address that is not an address of the node, so that connections to it are refused at once. */
function unusedAddress(self: NodeFacts): string {
  const [port, busPort] = [6399, 6398, 6397, 6396].filter(
    (candidate) => candidate !== self.port && candidate !== self.busPort,
  );
  return `127.0.0.1:${port}@${busPort}`;
}

function formatAddress({ address, port, busPort }: NodeFacts): string {
  return `${address}:${port}@${busPort}`;
}

function formatSlots({ slots }: ShardFacts): string {
  return `${slots.first}-${slots.last}`;
}

function nodeLine(
  id: string,
  address: string,
  shardId: string,
  flags: string,
  primaryId: string,
  tail: string,
): string {
  // The empty field is the host name. Servers before 7.2 do not know the fields after it, and the boot script removes them.
  return `${id} ${address},,shard-id=${shardId} ${flags} ${primaryId} 0 0 ${tail}`;
}

/**
 * Returns the nodes.conf of a node for a formation with placeholders. The slots of each shard belong to a placeholder, which is a
 * primary that does not exist, and every real node is a replica of it. A replica boots with the cluster state OK, and keeps it
 * when it takes over. A primary would boot with FAIL and reject writes for 2 s (`CLUSTER_WRITABLE_DELAY` in cluster.c). See
 * docs/internals/formation.md.
 */
export function renderPlaceholderNodesConf(
  self: NodeFacts,
  nodes: readonly NodeFacts[],
  shards: readonly ShardFacts[],
): string {
  const placeholders = shards.map((shard) =>
    nodeLine(
      shard.placeholderId,
      unusedAddress(self),
      shard.shardId,
      "master",
      "-",
      `${shard.index + 1} connected ${formatSlots(shard)}`,
    ),
  );
  const members = nodes.map((node) => {
    const shard = shards[node.shard] as ShardFacts;
    const flags = node.index === self.index ? "myself,slave" : "slave";
    const address = formatAddress(node);
    return nodeLine(node.id, address, shard.shardId, flags, shard.placeholderId, "0 connected");
  });
  // A takeover claims currentEpoch + 1. With another currentEpoch for each shard, the claims differ from the start.
  const vars = `vars currentEpoch ${shards.length + self.shard} lastVoteEpoch 0`;
  return `${[...placeholders, ...members, vars].join("\n")}\n`;
}

/**
 * Returns the nodes.conf of a recreated node that rejoins a cluster in which the other nodes have their planned roles. The node
 * knows all other nodes, so that no CLUSTER MEET is necessary. A primary boots as the replica of a placeholder that owns its
 * slots, and takes over from it. The placeholder has no address, so that it is not gossiped. Valkey considers it failed, which is
 * harmless because the other primaries are a majority.
 *
 * @param epoch an epoch that is greater than every config epoch of the cluster.
 */
export function renderRejoiningNodesConf(
  self: NodeFacts,
  nodes: readonly NodeFacts[],
  shards: readonly (ShardFacts & { readonly primary: number })[],
  epoch: number,
): string {
  const members = nodes.map((node) => {
    const shard = shards[node.shard] as ShardFacts & { readonly primary: number };
    const address = formatAddress(node);
    const primary = nodes[shard.primary] as NodeFacts;
    if (node.index === self.index) {
      const primaryId = self.role === "primary" ? shard.placeholderId : primary.id;
      return nodeLine(node.id, address, shard.shardId, "myself,slave", primaryId, "0 connected");
    }
    return node.role === "primary"
      ? nodeLine(node.id, address, shard.shardId, "master", "-", `0 connected ${formatSlots(shard)}`)
      : // The replicas of a recreated primary replicate it only after its takeover: see formation/join-recreated-nodes.ts.
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
            `0 disconnected ${formatSlots(own)}`,
          ),
        ]
      : [];
  return `${[...placeholder, ...members, `vars currentEpoch ${epoch} lastVoteEpoch 0`].join("\n")}\n`;
}

/** Returns the nodes.conf of a node for a formation with CLUSTER MEET. It contains only the node itself, with its planned id. */
export function renderMeetNodesConf(self: NodeFacts, shards: readonly ShardFacts[]): string {
  const shard = shards[self.shard] as ShardFacts;
  const address = formatAddress(self);
  return `${nodeLine(self.id, address, shard.shardId, "myself,master", "-", "0 connected")}\nvars currentEpoch 0 lastVoteEpoch 0\n`;
}
