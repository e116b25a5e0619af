import {
  anyNumber,
  anyOf,
  anyText,
  checked,
  choice,
  flag,
  instanceOf,
  integer,
  isObject,
  listOf,
  numberFrom,
  object,
  onlyTrue,
  type OptionTable,
  recordOf,
  type Schema,
  text,
  typeNamed,
} from "../schema/option.ts";
import type {
  AccessChoice,
  AccessPath,
  Announcement,
  CertificateNames,
  ClusterShape,
  ConfigValue,
  FormationChoice,
  Persistence,
  PublishOn,
  RedisConfig,
  RedisUser,
  TlsOptions,
} from "./options.generated.ts";
import { hasControlCharacter } from "./server-config.ts";
import { isAddress } from "./subnet.ts";

// The options of a cluster. `./dev pnpm run generate` creates the types in options.generated.ts, the reference page and the JSON
// Schema from them.

/**
 * The default image: the oldest line of Redis that its publishers still maintain and that the tests of this library run.
 */
export const DEFAULT_IMAGE = "redis:8.0";
/** The default image of the helper that network faults need: a widely used image with nftables and tc. */
export const DEFAULT_FAULT_IMAGE = "nicolaka/netshoot:v0.13";

/** The environment variable of the folder for evidence. */
export const EVIDENCE_VARIABLE = "TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR";

/** Maximum timeout of a start: an hour. */
const MAX_STARTUP_TIMEOUT_MS = 3_600_000;
/** Maximum number of nodes of a cluster. */
export const MAX_NODES = 100;
const MAX_REPLICAS = 32;

/** The schema of a directive's value, for TypeScript and for the JSON Schema. */
export const CONFIG_VALUE: Schema<ConfigValue> = typeNamed(
  "ConfigValue",
  anyOf(anyText(), anyNumber(), flag()),
);
/** How this host reaches the nodes of a started cluster. */
export const ACCESS_PATH: Schema<AccessPath> = choice<AccessPath>(["direct", "published"], "AccessPath");

/** A DNS name that cannot be mistaken for an IP address. */
const DNS_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** The networks that engines create themselves have no names for containers. */
const JOINABLE_NETWORK = /^(?!(?:bridge|host|none|podman)$)[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

function image(example: string): Schema<string> {
  return text(`an image reference, such as "${example}"`, (value) => /^[\w][\w.:/@-]*$/.test(value));
}

function isReplicaCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_REPLICAS;
}

/** A password, or `true` for a random one. */
const PASSWORD = checked<string | true>(
  "true or a string of at least one character, without control characters",
  (value) => value === true || (typeof value === "string" && value !== "" && !hasControlCharacter(value)),
  { documentedAs: anyOf(anyText(), onlyTrue()) },
);

export const USER_OPTIONS: OptionTable<RedisUser> = {
  password: {
    schema: PASSWORD,
    description:
      "The password of the user. `true` generates a random one, which `cluster.credentials(name)` returns.",
    default: true,
    secret: true,
  },
  rules: {
    schema: checked<string | readonly string[]>(
      'rules of ACL SETUSER, such as "~app:* +@read" or ["~app:*", "+@read"]',
      () => true,
      { documentedAs: anyOf(anyText(), listOf(anyText())) },
    ),
    description:
      'What the user may do, as rules of `ACL SETUSER`: `"~app:* +@read"`, or a list of such rules. The user starts without rights and switched on. Rules about passwords are rejected.',
    secret: true,
    isRequired: true,
  },
};

export const TLS_OPTIONS: OptionTable<TlsOptions> = {
  clientAuth: {
    schema: flag(),
    description: "Whether clients must present a certificate that the cluster's authority has signed.",
    default: false,
  },
  names: {
    schema: checked<CertificateNames>(
      '"all", "hosts" or one DNS name, such as "redis.example"',
      (value) => typeof value === "string" && DNS_NAME.test(value),
      { typeName: "CertificateNames", documentedAs: anyText() },
    ),
    description:
      'The names that the certificates of the nodes contain: see {@link CertificateNames}. The clients of this library always verify: the name `localhost` for `"hosts"`, and the name itself for one fixed name. `cluster.tls.servername` is the name that they verify.',
    default: "all",
  },
};

export const CLUSTER_OPTIONS: OptionTable<ClusterShape> = {
  nodes: {
    schema: integer(1, MAX_NODES),
    description: "The number of nodes, one container each.",
    defaultText: "6, or the sum of a list of `replicas`",
  },
  replicas: {
    schema: checked<number | readonly number[]>(
      `an integer from 0 to ${MAX_REPLICAS}, or an array with such a number for each shard, as [2, 1, 0]`,
      (value) =>
        // Array.from fills the holes of a sparse array.
        isReplicaCount(value) ||
        (Array.isArray(value) && value.length > 0 && Array.from<unknown>(value).every(isReplicaCount)),
      {
        documentedAs: anyOf(integer(0, MAX_REPLICAS), listOf(integer(0, MAX_REPLICAS), 1)),
      },
    ),
    description: `The number of replicas of each primary. A number applies to all shards, as in \`redis-cli --cluster create --cluster-replicas\`: there are ⌊nodes ÷ (replicas + 1)⌋ primaries, and remaining nodes become additional replicas. A list has one number for each shard: \`[2, 1, 0]\` means three shards of three, two and one nodes.

With fewer than three primaries Redis never promotes a replica by itself, because that needs the votes of a majority of all primaries, including the failed one. Calls that wait for such a failover throw FAILOVER_IMPOSSIBLE.`,
    default: 1,
  },
  subnet: {
    schema: text('an IPv4 range in CIDR notation, such as "172.28.0.0/16"'),
    description: 'The IPv4 range of the network, for example `"172.28.0.0/16"`.',
    defaultText: "an unused private /24",
  },
  gateway: {
    schema: text("an IPv4 address", isAddress),
    description: "The gateway of the network, an address in `subnet`.",
    defaultText: "the first address of `subnet`",
  },
  firstAddress: {
    schema: text("an IPv4 address", isAddress),
    description: "The address of node-0, an address in `subnet`. The other nodes get the addresses after it.",
    defaultText: "the first addresses that are not the gateway's",
  },
  image: {
    schema: image(DEFAULT_IMAGE),
    description:
      "The image of the server: Redis 6.2 or newer, or Valkey, with a shell. Its own entry point runs, so that its modules are loaded: see docs/guides/images.md.",
    default: DEFAULT_IMAGE,
    environment: "TESTCONTAINERS_REDIS_CLUSTER_IMAGE",
  },
  faultImage: {
    schema: image(DEFAULT_FAULT_IMAGE),
    description:
      "The image of the helper that applies partitions, packet loss and delays in the network of a node: any image with `sh`, `nft` and, for delays, `tc`. The helper runs for a moment and is the only container with the capability NET_ADMIN. The image is pulled at the first such fault.",
    default: DEFAULT_FAULT_IMAGE,
    environment: "TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE",
  },
  config: {
    schema: object<RedisConfig>("an object of redis.conf directives by name", {
      typeName: "RedisConfig",
      documentedAs: recordOf(anyOf(CONFIG_VALUE, listOf(CONFIG_VALUE))),
    }),
    description:
      "Additional directives for the redis.conf of every node. Directives that the plan determines are rejected, and so is a `rename-command` that removes a command which this library needs. In `cluster-announce-hostname` and `cluster-announce-human-nodename`, `{name}` stands for the name of the node (`node-0`) and `{index}` for its number; a host name must differ from node to node.",
    defaultText: "no additional directives",
    secret: true,
  },
  nodeTimeoutMs: {
    schema: integer(100, 600_000),
    description:
      "The `cluster-node-timeout` of the formed cluster, in milliseconds: how long a node may be silent before other nodes suspect it. With the default, Redis promotes a replica 1.5 to 3.5 s after its primary has failed, Valkey 9 sooner: see docs/guides/failover-timing.md. A `timeScale` multiplies the node timeout, so that failovers take longer.",
    default: 1_000,
  },
  persistence: {
    schema: choice<Persistence>(["none", "aof", "rdb"], "Persistence"),
    description: "What survives the restart of a node: see {@link Persistence}.",
    default: "none",
  },
  password: {
    schema: PASSWORD,
    description:
      'The password of the default user, for clients and between nodes. `true` generates a random one of 128 bits, which `cluster.credentials("default")` returns.',
    defaultText: "no password",
    secret: true,
  },
  users: {
    schema: object<Readonly<Record<string, RedisUser>>>("an object of users by name", {
      documentedAs: recordOf(typeNamed("RedisUser")),
    }),
    description:
      "ACL users by name, in addition to the default user. Replication and this library log in as the default user: give it a `password` or switch it off, otherwise every client can connect without logging in.",
    defaultText: "no additional users",
    secret: true,
  },
  defaultUser: {
    schema: flag(),
    description:
      "Whether the default user may log in. With `false` every client must log in as one of `users`, and the cluster has two more users with random passwords: `harness`, with all rights, as which this library, `cluster.client` and `cluster.clientOptions()` log in; and `replication`, as which replicas log in to their primary, unless `replicationUser` names another one. `cluster.credentials(name)` returns the password of each.",
    default: true,
  },
  replicationUser: {
    schema: text("the name of one of `users`"),
    description:
      "The one of `users` as which replicas log in to their primary (`masteruser` and `masterauth`). It needs the rights `+psync +replconf +ping`.",
    defaultText: "the default user, or a user of its own if `defaultUser` is false",
  },
  tls: {
    schema: checked<boolean | TlsOptions>(
      "true, false or an object with `clientAuth` and `names`",
      (value) => typeof value === "boolean" || isObject(value),
      {
        documentedAs: anyOf(flag(), typeNamed("TlsOptions")),
      },
    ),
    description:
      "TLS on the client port, for replication and on the cluster bus, without a plain port. The certificates are created at the start: an authority for this cluster, whose key is not kept, and one certificate for each node. The clients of this library verify them; `cluster.tls` contains what other clients need.",
    default: false,
  },
  memoryMb: {
    // With less memory a server is OOM-killed while it boots.
    schema: integer(32, 1_048_576),
    description:
      "The memory limit of each container in MiB, including swap. A server that exceeds it is OOM-killed.",
    defaultText: "no limit",
  },
  cpus: {
    schema: numberFrom(0.01, 1_024),
    description: "The number of processors that each container may use, such as 0.5.",
    defaultText: "no limit",
  },
  readOnlyRoot: {
    schema: flag(),
    description:
      "Whether the root file system of the containers is read-only. Data and settings are then in anonymous volumes: one at the data folder and one at /tmp, which costs a volume for each node. It works with images that write nowhere else, such as the official ones of Redis and Valkey.",
    default: false,
  },
  pidsLimit: {
    schema: integer(32, 1_000_000),
    description:
      "The number of processes and threads that each container may have. A server with its modules has a few dozen threads.",
    default: 512,
  },
  access: {
    schema: choice<AccessChoice>(["auto", "direct", "published"], "AccessChoice"),
    description:
      "How this host reaches the nodes: see {@link AccessChoice} and docs/guides/access.md. On Linux, `auto` means directly: clients then need no address mapping, also after restarts, and execute more commands.",
    default: "auto",
    environment: "TESTCONTAINERS_REDIS_CLUSTER_ACCESS",
  },
  announce: {
    schema: choice<Announcement>(["address", "host"], "Announcement"),
    description:
      "What the nodes announce to clients: see {@link Announcement}. With `host`, `firstHostPort` determines the port of each node. Then `port`, `joinNetworks`, and the directives `cluster-announce-hostname` and `cluster-preferred-endpoint-type` in `config` must not be set, and `busPort` must not be one of the ports of the nodes.",
    default: "address",
  },
  joinNetworks: {
    schema: checked<readonly string[]>(
      'an array of names of user-defined networks, such as ["my-project_default"], without "bridge", "host" and "none"',
      (value) =>
        Array.isArray(value) &&
        value.every((name) => typeof name === "string" && JOINABLE_NETWORK.test(name)) &&
        new Set(value).size === value.length,
      { documentedAs: listOf(anyText()) },
    ),
    description:
      'The names of existing networks that the nodes join in addition to their own, such as the default network of a Compose project. Containers there reach the nodes by the host names that the nodes then announce to all clients: `node-0.<name of the cluster>`, unless `config` contains others. Nodes reach each other in their own network only. Needs Redis 7.0 or newer, or Valkey. The networks stay when the cluster ends. Each network can be named once. The networks that engines create themselves (`bridge`, `host`, `none` and `podman`) are rejected, and so is `announce: "host"`.',
    default: [],
  },
  publishOn: {
    schema: choice<PublishOn>(["loopback", "all"], "PublishOn"),
    description:
      "Where ports are published: on 127.0.0.1, or on all addresses of the engine's host, so that other machines can reach them. An engine on another machine always publishes on all addresses.",
    default: "loopback",
  },
  labels: {
    schema: object<Readonly<Record<string, string>>>("an object of strings by label", {
      documentedAs: recordOf(anyText()),
    }),
    description: "Additional labels for the containers and the network.",
    defaultText: "no additional labels",
  },
  port: {
    schema: integer(1, 65_535),
    description: "The client port inside each container. Without `busPort`, at most 55 535.",
    default: 6_379,
  },
  busPort: {
    schema: integer(1, 65_535),
    description:
      "The port of the cluster bus inside each container. A port other than the default needs Redis 7 or newer, or Valkey.",
    defaultText: "`port` + 10 000",
  },
  firstHostPort: {
    schema: integer(1, 65_535),
    description:
      "The port of the host on which the client port of node-0 is published; node-1 uses the next port, and so on. At most 65 536 minus the number of nodes, so that every node has a port.",
    defaultText: 'unused ports that the engine chooses, or that this library chooses with `announce: "host"`',
  },
  firstHostBusPort: {
    schema: integer(1, 65_535),
    description:
      "The same for the bus ports. The difference between both options must be at least the number of nodes.",
    defaultText: "not published, because nodes communicate inside their network",
  },
  evidenceDir: {
    // A path cannot contain a null character.
    schema: text("the path of a folder", (value) => value !== "" && !value.includes("\0")),
    description:
      "The folder for evidence. A start, wait, observation of a failover, reset or stop that fails writes files into a new folder in it, which the error names. The folder is created if it does not exist, and is never cleaned up.",
    defaultText: "nothing is written unless requested",
    environment: EVIDENCE_VARIABLE,
  },
  formation: {
    schema: choice<FormationChoice>(["auto", "meet"], "FormationChoice"),
    description: "How the nodes become a cluster: see {@link FormationChoice}.",
    default: "auto",
  },
  startupTimeoutMs: {
    schema: integer(100, MAX_STARTUP_TIMEOUT_MS),
    description:
      "The timeout of the whole start in milliseconds, excluding the time for finding the engine and pulling the image.",
    defaultText: "60 000 plus 1 000 for each node",
  },
  timeScale: {
    // Larger factors would only make the timeouts impractically long.
    schema: numberFrom(1, 100),
    description:
      "A factor for slow machines: multiplies the node timeout, the timeout of the start, and every timeout of the calls and assertions of this cluster, including those that you set.",
    default: 1,
    environment: "TRC_TIME_SCALE",
  },
};

/** The options of a start that are not part of the plan. The plan does not contain their types. */
export const START_OPTIONS: OptionTable<{ seed: unknown; signal: unknown; configureNode: unknown }> = {
  seed: {
    // Its content is validated together with the size of the cluster.
    schema: checked<object>("the data of the cluster", () => true, { typeName: "Seed" }),
    description:
      "The data that are loaded before the start resolves, and to which `reset()` returns: see {@link Seed} and docs/guides/seed.md. At most 64 MiB.",
    defaultText: "no data",
  },
  signal: {
    schema: instanceOf("an AbortSignal", AbortSignal),
    description:
      "Aborts the start at any moment. Everything that was begun is removed before the promise rejects.",
    defaultText: "no signal",
  },
  configureNode: {
    schema: checked<object>("a function", (value) => typeof value === "function", {
      typeName: "ConfigureNode",
    }),
    description: "A function that changes the container of each node before it is created.",
    defaultText: "no function",
  },
};
