import type { FormationChoice, PublishOn } from "./options.generated.ts";

/** What a node is: one that serves slots, or may, and one that follows it. Roles move; a plan has those of the start. */
export type NodeRole = "primary" | "replica";

/** Where something listens. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Slots `first` to `last`, both included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** The nodes that are to serve the same slots. */
export interface ShardPlan {
  /** Its place in the order of the slots, from 0. */
  readonly index: number;
  /** Split as `redis-cli --cluster create` splits them. */
  readonly slots: SlotRange;
  /** Index of the node that is to be the primary. */
  readonly primary: number;
  /** Indexes of the nodes that are to be its replicas. */
  readonly replicas: readonly number[];
  /** 40 hex characters, the same for all of the shard's nodes (Redis 7.2 and newer, Valkey). */
  readonly shardId: string;
  /** Node id of a primary that never exists: see docs/internals/formation.md. */
  readonly placeholderId: string;
}

/** Everything that is decided of one node before its container is made. */
export interface NodePlan {
  /** Its place in `ClusterPlan.nodes`, from 0; first come all primaries. */
  readonly index: number;
  /** `node-0`, `node-1`, …: also the node's DNS name on the cluster's network. Says nothing about its role. */
  readonly name: string;
  /** The host name that the node announces (`cluster-announce-hostname`) and has on the network; undefined if it has none. */
  readonly hostname: string | undefined;
  /** The container's name on the engine: the cluster's and the node's. */
  readonly containerName: string;
  /** The Redis Cluster node id, 40 hex characters. */
  readonly id: string;
  /** IPv4 address on the cluster's network; the node keeps it for life. */
  readonly address: string;
  /** The client port inside its container, of TLS where the cluster has that. */
  readonly port: number;
  /** The port for the other nodes inside its container. */
  readonly busPort: number;
  /** The client port's fixed port on the host; undefined: a free one, which a restart changes. */
  readonly hostPort: number | undefined;
  /** The bus port's fixed port on the host; undefined: not published. */
  readonly hostBusPort: number | undefined;
  /** The role that formation gives the node; a failover may change it later. */
  readonly role: NodeRole;
  /** Index of the shard that it is planned into. */
  readonly shard: number;
  /** The text of its redis.conf. */
  readonly redisConf: string;
  /** The name of its nodes.conf (`cluster-config-file`) and the text that it boots with. */
  readonly nodesConfName: string;
  readonly nodesConf: string;
  /** Options for the server's first boot only. */
  readonly firstBootArguments: readonly string[];
}

/** The cluster's own network. */
export interface NetworkPlan {
  /** On the engine; the cluster's name. */
  readonly name: string;
  /** IPv4 range, as `172.28.0.0/16`. */
  readonly subnet: string;
  /** An address in it, which no node has. */
  readonly gateway: string;
}

/** An ACL user in addition to the default one. */
export interface UserPlan {
  readonly name: string;
  readonly password: string;
  /** The words of ACL SETUSER that say what it may do. */
  readonly rules: readonly string[];
}

/** Everything that is decided before Docker is touched. Whatever comes later reads it and decides nothing again. */
export interface ClusterPlan {
  /** Of the cluster, and in the label of everything that it is made of; another one for each start. */
  readonly name: string;
  /** The server's. */
  readonly image: string;
  /** Of the helper for network faults. */
  readonly faultImage: string;
  readonly network: NetworkPlan;
  /** First all primaries, in the order of their shards, then the replicas. */
  readonly nodes: readonly NodePlan[];
  /** In the order of their slots. */
  readonly shards: readonly ShardPlan[];
  readonly formation: FormationChoice;
  /** The password of the default user; undefined if it has none, or is off. */
  readonly password: string | undefined;
  /** With those that the library has for itself. */
  readonly users: readonly UserPlan[];
  /** Whether the default user may log in. */
  readonly defaultUser: boolean;
  /** Name of the user as which this library logs in; undefined: the default user. */
  readonly harnessUser: string | undefined;
  /** Name of the user as which replicas log in to their primary; undefined: the default user. */
  readonly replicationUser: string | undefined;
  /** New names of commands (`rename-command`) that this library sends, by their own names in upper case. */
  readonly commandNames: Readonly<Record<string, string>>;
  /** Undefined: no TLS. */
  readonly tls: { readonly clientAuth: boolean; readonly names: string } | undefined;
  /** MiB of each container, swap included; undefined is all that the engine has. */
  readonly memoryMb: number | undefined;
  /** Processors of each container; undefined is all that the engine has. */
  readonly cpus: number | undefined;
  /** Processes and threads of each container. */
  readonly pidsLimit: number;
  readonly readOnlyRoot: boolean;
  readonly publishOn: PublishOn;
  /** Those that were asked for, beside this library's own. */
  readonly labels: Readonly<Record<string, string>>;
  /** `cluster-node-timeout` of the finished cluster, the time scale included. */
  readonly nodeTimeoutMs: number;
  /** What `cluster-require-full-coverage` is to be once the cluster is formed. */
  readonly requireFullCoverage: string;
  /** Likewise `cluster-replica-no-failover`. */
  readonly replicaNoFailover: string;
  /** Of the whole start, the time scale included. */
  readonly startupTimeoutMs: number;
  /** By how much every limit of this cluster is longer than elsewhere; node timeout and start are so already. */
  readonly timeScale: number;
}
