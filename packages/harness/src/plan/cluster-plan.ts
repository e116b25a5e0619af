import type { FormationChoice, PublishOn } from "./options.ts";

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

export interface ShardPlan {
  readonly index: number;
  readonly slots: SlotRange;
  /** Index of the node that is to be the primary. */
  readonly primary: number;
  /** Indexes of the nodes that are to be its replicas. */
  readonly replicas: readonly number[];
  /** 40 hex characters, the same for all of the shard's nodes (Redis 7.2 and newer, Valkey). */
  readonly shardId: string;
  /** Node id of a primary that never exists: see docs/formation.md. */
  readonly placeholderId: string;
}

export interface NodePlan {
  readonly index: number;
  /** `node-0`, `node-1`, …: also the node's DNS name on the cluster's network. Says nothing about its role. */
  readonly name: string;
  readonly containerName: string;
  /** The Redis Cluster node id, 40 hex characters. */
  readonly id: string;
  /** IPv4 address on the cluster's network; the node keeps it for life. */
  readonly address: string;
  readonly port: number;
  readonly busPort: number;
  /** Fixed ports on the host, where they were asked for. */
  readonly hostPort: number | undefined;
  readonly hostBusPort: number | undefined;
  /** The role that formation gives the node; a failover may change it later. */
  readonly role: NodeRole;
  readonly shard: number;
  /** The text of its redis.conf. */
  readonly redisConf: string;
  /** The name of its nodes.conf (`cluster-config-file`) and the text that it boots with. */
  readonly nodesConfName: string;
  readonly nodesConf: string;
  /** Options for the server's first boot only. */
  readonly firstBootArguments: readonly string[];
}

export interface NetworkPlan {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
}

/** An ACL user beside the default one. */
export interface UserPlan {
  readonly name: string;
  readonly password: string;
  /** The words of ACL SETUSER that say what it may do. */
  readonly rules: readonly string[];
}

/** Everything that is decided before Docker is touched. Whatever comes later reads it and decides nothing again. */
export interface ClusterPlan {
  readonly name: string;
  readonly image: string;
  readonly faultImage: string;
  readonly network: NetworkPlan;
  readonly nodes: readonly NodePlan[];
  readonly shards: readonly ShardPlan[];
  readonly formation: FormationChoice;
  /** The default user's. */
  readonly password: string | undefined;
  readonly users: readonly UserPlan[];
  /** How TLS is to be; undefined where there is none. */
  readonly tls: { readonly clientAuth: boolean } | undefined;
  /** What each container may use at most; undefined is all that the engine has. */
  readonly memoryMb: number | undefined;
  readonly cpus: number | undefined;
  readonly pidsLimit: number;
  readonly readOnlyRoot: boolean;
  readonly publishOn: PublishOn;
  readonly labels: Readonly<Record<string, string>>;
  readonly nodeTimeoutMs: number;
  /** What `cluster-require-full-coverage` is to be once the cluster is formed. */
  readonly requireFullCoverage: string;
  /** Likewise `cluster-replica-no-failover`. */
  readonly replicaNoFailover: string;
  readonly startupTimeoutMs: number;
  /** By how much every limit of this cluster is longer than elsewhere; node timeout and start are so already. */
  readonly timeScale: number;
}
