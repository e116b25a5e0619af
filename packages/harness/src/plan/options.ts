/** A value of one redis.conf directive, as it would stand after the directive's name; booleans become yes/no. */
export type ConfigValue = string | number | boolean;

/**
 * Directives of redis.conf by name. A list repeats the directive, once for each value:
 * `{ save: ["900 1", "300 10"] }`.
 */
export type RedisConfig = Readonly<Record<string, ConfigValue | readonly ConfigValue[]>>;

/**
 * What survives the restart of a node: nothing, an append-only file (each write is in it before the reply
 * leaves, so it survives a SIGKILL), or snapshots (what was saved last: at the latest a second after a write,
 * and on a graceful stop).
 */
export type Persistence = "none" | "aof" | "rdb";

/**
 * How the nodes become a cluster. `auto` starts them already knowing each other and promotes the future
 * primaries, and falls back to `meet` when a server does not play along; `meet` is the way of
 * `redis-cli --cluster create`, which costs the two seconds that a fresh primary waits before it takes writes.
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

/** By how much slower than usual the machine is taken to be; `"measured"` finds out. */
export type TimeScale = number | "measured";

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
  /** The network's IPv4 range, for example `"172.28.0.0/16"`. Default: a free private /24 is found. */
  readonly subnet?: string | undefined;
  /** The network's gateway, an address in `subnet`. Default: its first address. */
  readonly gateway?: string | undefined;
  /** Address of node-0; the others follow one by one. Default: the range's addresses in order, less the gateway's. */
  readonly firstAddress?: string | undefined;
  /**
   * The server's image, Redis 6.2 or newer, or Valkey. Default: the environment variable
   * `TESTCONTAINERS_REDIS_CLUSTER_IMAGE`, else the official image named by `DEFAULT_IMAGE`.
   */
  readonly image?: string | undefined;
  /**
   * The image of the helper that sets up partitions and packet loss inside a node's network: any with `sh`, `nft`
   * and, for delays, `tc`. It runs for a moment and is the only container with NET_ADMIN. Default: the environment
   * variable `TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE`, else `DEFAULT_FAULT_IMAGE`. Pulled at the first such fault.
   */
  readonly faultImage?: string | undefined;
  /** More directives for every node's redis.conf. Those that the plan itself decides are refused. */
  readonly config?: RedisConfig | undefined;
  /**
   * `cluster-node-timeout` of the finished cluster in milliseconds: how long a node may be silent before it is
   * suspected. 100 to 600 000; default 1000, which makes a failover take two to three seconds and still
   * tolerates a slow machine.
   */
  readonly nodeTimeoutMs?: number | undefined;
  /** What survives the restart of a node. Default `"none"`. */
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
  /** Memory of each container in MiB, swap included; the kernel kills what takes more. 32 or more; default: no limit. */
  readonly memoryMb?: number | undefined;
  /** Processors that each container may use, such as 0.5. 0.01 to 1024; default: no limit. */
  readonly cpus?: number | undefined;
  /**
   * Whether the containers' root is read-only. Data and settings are in anonymous volumes then, the image's own at its
   * working folder and one at /tmp, which costs a volume for each node. For images that write nowhere else, as the
   * official ones of Redis and Valkey. Default false.
   */
  readonly readOnlyRoot?: boolean | undefined;
  /** Processes and threads that each container may have. 32 or more; default 512. */
  readonly pidsLimit?: number | undefined;
  /**
   * Where ports are published: on 127.0.0.1, or on all addresses of the engine's host, so that others can reach them.
   * An engine on another machine always publishes on all. Default `"loopback"`.
   */
  readonly publishOn?: PublishOn | undefined;
  /** More labels for the containers and the network. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Client port inside each container. Default 6379. */
  readonly port?: number | undefined;
  /** Bus port inside each container. Default `port` + 10000; another one needs Redis 7 or newer, or Valkey. */
  readonly busPort?: number | undefined;
  /** Publish node-0's client port on this port of the host, node-1's on the next, … Default: free ports. */
  readonly firstHostPort?: number | undefined;
  /** Publish the bus ports too, likewise. Default: not published; nodes talk inside their network. */
  readonly firstHostBusPort?: number | undefined;
  /**
   * A folder for evidence: a failed start, wait, observation of a failover or stop then writes a bundle of files into
   * a folder of its own in it, which the error names. It is made where it is missing and never cleaned up. Default: the
   * environment variable `TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR`, else nothing is written unasked.
   */
  readonly evidenceDir?: string | undefined;
  /** See {@link FormationChoice}. Default `"auto"`. */
  readonly formation?: FormationChoice | undefined;
  /** Time limit in milliseconds of the whole start, not counting finding the engine and pulling the image. 100 to 3 600 000; default 60 000 plus 1 000 for each node. */
  readonly startupTimeoutMs?: number | undefined;
  /**
   * For slow machines: node timeout, start and every time limit of this cluster's calls and assertions are so many
   * times what they are elsewhere, given ones included. 1 to 100, or `"measured"`, which compares this machine's
   * processors at the moment with those that the limits were made for. Default: the environment variable
   * `TRC_TIME_SCALE`, else 1.
   */
  readonly timeScale?: TimeScale | undefined;
}
