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

/** An ACL user beside the default one. */
export interface RedisUser {
  /** Its password; `true`, the default, makes a random one, which `cluster.credentials(name)` tells. */
  readonly password?: string | true | undefined;
  /**
   * What it may do, in the words of ACL SETUSER: `"~app:* +@read"`, or a list of such rules. It starts with no
   * rights and switched on. Rules about passwords are refused.
   */
  readonly rules: string | readonly string[];
}

/** TLS for clients, replication and the bus. */
export interface TlsOptions {
  /** Whether clients have to show a certificate of the cluster's authority. Default false. */
  readonly clientAuth?: boolean | undefined;
}

/** Which addresses of the engine's host the nodes' ports are published on. */
export type PublishOn = "loopback" | "all";

/** By how much slower than usual the machine is taken to be; `"measured"` finds out. */
export type TimeScale = number | "measured";

/** The shape of the cluster. Everything has a default: `startRedisCluster()` gives three shards of two nodes. */
export interface ClusterShape {
  /** Number of containers, 3 to 100. Default 6. */
  readonly nodes?: number | undefined;
  /**
   * Replicas of each primary, counted as `redis-cli --cluster create --cluster-replicas` counts them: there are
   * ⌊nodes ÷ (replicas + 1)⌋ primaries, at least three, and spare nodes become extra replicas. 0 to 32; default 1.
   */
  readonly replicas?: number | undefined;
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
  /**
   * More directives for every node's redis.conf. Those that the plan itself decides are refused. In
   * `cluster-announce-hostname` and `cluster-announce-human-nodename`, `{name}` stands for the node's name (`node-0`) and
   * `{index}` for its number; a host name must differ from node to node.
   */
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
   * Password of the default user, for clients and between nodes. `true` makes a random one of 128 bits, which
   * `cluster.plan.password` tells. Default: none.
   */
  readonly password?: string | true | undefined;
  /**
   * ACL users by name, beside the default one, which replication and this library use: give that a `password`, or
   * nobody needs to log in. Default: none.
   */
  readonly users?: Readonly<Record<string, RedisUser>> | undefined;
  /**
   * TLS on the client port, for replication and on the bus, and no plain port. Certificates are made at the start: an
   * authority for this cluster, whose key is kept nowhere, and one certificate for each node. Clients made here verify
   * them; `cluster.tls` has what others need. Default false.
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
