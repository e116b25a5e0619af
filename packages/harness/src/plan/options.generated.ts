/** A value of one redis.conf directive, as written after the directive's name; booleans become yes and no. */
export type ConfigValue = string | number | boolean;

/**
 * Directives of redis.conf by name. A list repeats the directive, once for each value:
 * `{ save: ["900 1", "300 10"] }`.
 */
export type RedisConfig = Readonly<Record<string, ConfigValue | readonly ConfigValue[]>>;

/**
 * What survives the restart of a node: nothing; an append-only file, to which each write is added before the reply is
 * sent, so it survives a SIGKILL; or snapshots, which are saved at most a second after a write and on a graceful stop.
 */
export type Persistence = "none" | "aof" | "rdb";

/**
 * How the nodes become a cluster. `auto` starts them with knowledge of each other and promotes the future primaries; if
 * that does not work with a server, it falls back to `meet`. `meet` works like `redis-cli --cluster create` and takes two
 * seconds longer, because a new primary accepts writes only after that time.
 */
export type FormationChoice = "auto" | "meet";

/** An ACL user in addition to the default one. */
export interface RedisUser {
  /** Its password; `true`, the default, generates a random one, which `cluster.credentials(name)` returns. */
  readonly password?: string | true | undefined;
  /**
   * What it may do, in the words of ACL SETUSER: `"~app:* +@read"`, or a list of such rules. It starts without rights
   * and switched on. Rules about passwords are refused.
   */
  readonly rules: string | readonly string[];
}

/**
 * Which names the certificates of the nodes contain.
 *
 * - `"all"`: every way to reach a node: its network address, its name (`node-0`), `localhost`, 127.0.0.1 and the host of
 *   the engine.
 * - `"hosts"`: only names: its name, `localhost`, and the host of the engine if that is a name. A client that connects to
 *   an IP address and verifies it is refused.
 * - a DNS name, such as `"redis.example"`: only this name, on every node. A client is refused unless it verifies this
 *   name (`tls.servername`).
 */
export type CertificateNames = "all" | "hosts" | (string & {});

/** TLS for clients, replication and the bus. */
export interface TlsOptions {
  /** Whether clients must present a certificate of the cluster's authority. @default false */
  readonly clientAuth?: boolean | undefined;
  /**
   * Which names the certificates contain: see {@link CertificateNames}. The clients of the library always verify: for
   * `"hosts"` the name `localhost`, for one fixed name that name; `cluster.tls.servername` is what they verify.
   *
   * @default "all"
   */
  readonly names?: CertificateNames | undefined;
}

/** Which addresses of the engine's host the nodes' ports are published on. */
export type PublishOn = "loopback" | "all";

/** The shape of the cluster. Everything has a default: `startRedisCluster()` starts three shards of two nodes. */
export interface ClusterShape {
  /** Number of containers, 1 to 100. @default 6, or what a list of `replicas` adds up to */
  readonly nodes?: number | undefined;
  /**
   * Replicas of each primary, 0 to 32. One number is for all shards and is counted as `redis-cli --cluster create
   * --cluster-replicas` counts: there are ⌊nodes ÷ (replicas + 1)⌋ primaries, and spare nodes become extra replicas. A list
   * has a number for each shard: `[2, 1, 0]` is three shards of three, two and one nodes.
   *
   * With fewer than three primaries no replica is ever promoted by itself, as Redis needs the votes of a majority of all
   * primaries, the failed one included: calls that wait for such a failover throw FAILOVER_IMPOSSIBLE.
   *
   * @default 1
   */
  readonly replicas?: number | readonly number[] | undefined;
  /** IPv4 range of the network, for example `"172.28.0.0/16"`. @default a free private /24 */
  readonly subnet?: string | undefined;
  /** Gateway of the network, an address in `subnet`. @default its first address */
  readonly gateway?: string | undefined;
  /** Address of node-0; the other nodes get the addresses after it. @default the first addresses that the gateway leaves */
  readonly firstAddress?: string | undefined;
  /**
   * Image of the server, Redis 6.2 or newer, or Valkey, with a shell. Its own entry point runs, so its modules are loaded: see
   * docs/images.md. @default the environment variable `TESTCONTAINERS_REDIS_CLUSTER_IMAGE`, or else the official image
   * `DEFAULT_IMAGE`
   */
  readonly image?: string | undefined;
  /**
   * Image of the helper that sets up partitions and packet loss inside the network of a node: any image with `sh`, `nft`
   * and, for delays, `tc`. The helper runs for a moment and is the only container with NET_ADMIN. The image is pulled at
   * the first such fault. @default the environment variable `TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE`, or else
   * `DEFAULT_FAULT_IMAGE`
   */
  readonly faultImage?: string | undefined;
  /**
   * Additional directives for the redis.conf of every node. Directives that the plan decides are refused, and so is a
   * `rename-command` that takes away a command which the library needs. In `cluster-announce-hostname` and
   * `cluster-announce-human-nodename`, `{name}` stands for the node's name (`node-0`) and `{index}` for its number; a host
   * name must differ from node to node.
   */
  readonly config?: RedisConfig | undefined;
  /**
   * `cluster-node-timeout` of the formed cluster in milliseconds, 100 to 600 000: how long a node may be silent before
   * other nodes suspect it. With the default a failover takes two to three seconds, also on a slow machine.
   * @default 1000
   */
  readonly nodeTimeoutMs?: number | undefined;
  /** What survives the restart of a node. @default "none" */
  readonly persistence?: Persistence | undefined;
  /**
   * Password of the default user, for clients and between nodes. `true` generates a random one of 128 bits, which
   * `cluster.plan.password` contains. @default none
   */
  readonly password?: string | true | undefined;
  /**
   * ACL users by name, in addition to the default one, as which replication and this library log in: give that one a
   * `password` or switch it off, or every client gets in without logging in. @default none
   */
  readonly users?: Readonly<Record<string, RedisUser>> | undefined;
  /**
   * Whether the default user may log in. With `false` every client must log in as one of `users`, and the cluster has two
   * more users with random passwords: `harness`, as which this library, `cluster.client` and `cluster.clientOptions()` log
   * in, with all rights; and `replication`, as which replicas log in to their primary, unless `replicationUser` names
   * another one. `cluster.credentials(name)` returns the password of each. @default true
   */
  readonly defaultUser?: boolean | undefined;
  /**
   * Which of `users` replicas log in as to their primary (`masteruser` and `masterauth`). It needs the rights
   * `+psync +replconf +ping`. @default the default user, or a user of its own if `defaultUser` is false
   */
  readonly replicationUser?: string | undefined;
  /**
   * TLS on the client port, for replication and on the bus, without a plain port. Certificates are created at the start: an
   * authority for this cluster, whose key is not kept, and one certificate for each node. The clients of the library verify
   * them; `cluster.tls` has what other clients need. @default false
   */
  readonly tls?: boolean | TlsOptions | undefined;
  /** Memory limit of each container in MiB, including swap, 32 or more. A server that exceeds it is OOM-killed. @default no limit */
  readonly memoryMb?: number | undefined;
  /** Processors that each container may use, such as 0.5; 0.01 to 1024. @default no limit */
  readonly cpus?: number | undefined;
  /**
   * Whether the root of the containers is read-only. Data and settings are then in anonymous volumes: one at the data
   * folder and one at /tmp, which costs a volume for each node. For images that write nowhere else, as the official ones of
   * Redis and Valkey. @default false
   */
  readonly readOnlyRoot?: boolean | undefined;
  /** Processes and threads that each container may have, 32 or more. @default 512 */
  readonly pidsLimit?: number | undefined;
  /**
   * Where ports are published: on 127.0.0.1, or on all addresses of the engine's host, so that other machines can reach
   * them. An engine on another machine always publishes on all. @default "loopback"
   */
  readonly publishOn?: PublishOn | undefined;
  /** Additional labels for the containers and the network. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Client port inside each container. @default 6379 */
  readonly port?: number | undefined;
  /** Bus port inside each container. Another one than the default needs Redis 7 or newer, or Valkey. @default `port` + 10000 */
  readonly busPort?: number | undefined;
  /** Publishes the client port of node-0 on this port of the host, of node-1 on the next port, and so on. @default free ports */
  readonly firstHostPort?: number | undefined;
  /** Publishes the bus ports in the same way. @default not published, because nodes communicate inside their network */
  readonly firstHostBusPort?: number | undefined;
  /**
   * Folder for evidence. A start, wait, observation of a failover or stop that fails writes files into a folder of its own
   * in it, which the error names. The folder is created if it is missing and is never cleaned up. @default the environment
   * variable `TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR`, or else nothing is written unless requested
   */
  readonly evidenceDir?: string | undefined;
  /** See {@link FormationChoice}. @default "auto" */
  readonly formation?: FormationChoice | undefined;
  /**
   * Time limit of the whole start in milliseconds, 100 to 3 600 000, without finding the engine and pulling the image.
   * @default 60 000 plus 1 000 for each node
   */
  readonly startupTimeoutMs?: number | undefined;
  /**
   * For slow machines, a number from 1 to 100: multiplies the node timeout, the timeout of the start, and every timeout of the
   * calls and assertions of this cluster, including those that you set.
   * @default the environment variable `TRC_TIME_SCALE`, or 1
   */
  readonly timeScale?: number | undefined;
}
