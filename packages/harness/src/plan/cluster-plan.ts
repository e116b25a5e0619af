import type { AccessPath } from "./options.generated.ts";
import type { PassedOptions } from "./option-values.ts";

/** The role of a node. A primary can own slots; a replica replicates a primary. Failovers change roles. */
export type NodeRole = "primary" | "replica";

/** A host name or address, and a port. */
export interface HostAndPort {
  /** The host name or the address. */
  readonly host: string;
  /** The port. */
  readonly port: number;
}

/** The slots from `first` to `last`, both included. */
export interface SlotRange {
  /** The first slot. */
  readonly first: number;
  /** The last slot. */
  readonly last: number;
}

/** The plan of a shard: a primary and its replicas, which serve the same slots. */
export interface ShardPlan {
  /** The position of the shard in the order of the slots, from 0. */
  readonly index: number;
  /** The slots of the shard, divided as `redis-cli --cluster create` divides them. */
  readonly slots: SlotRange;
  /** The index of the node that becomes the primary. */
  readonly primary: number;
  /** The indexes of the nodes that become replicas. */
  readonly replicas: readonly number[];
  /** The shard id, which all nodes of the shard share (Redis 7.2 and newer, Valkey): 40 hex characters. */
  readonly shardId: string;
  /** The node id of a primary that never exists: see docs/internals/formation.md. */
  readonly placeholderId: string;
}

/** The plan of a node: everything that is decided before its container is created. */
export interface NodePlan {
  /** The position of the node in `ClusterPlan.nodes`, from 0. The primaries come first. */
  readonly index: number;
  /** The name of the node, also as a DNS name on the cluster's network: `node-0`, `node-1`, … It is independent of the role. */
  readonly name: string;
  /**
   * The host name that the node announces (`cluster-announce-hostname`); undefined if it announces none. With `announce: "host"` it
   * is the name of the engine's host, otherwise the node also has this name on the cluster's network.
   */
  readonly hostname: string | undefined;
  /** The name of the container on the engine: the name of the cluster and the name of the node. */
  readonly containerName: string;
  /** The Redis Cluster node id: 40 hex characters. */
  readonly id: string;
  /** The IPv4 address on the cluster's network. It never changes. */
  readonly address: string;
  /** The client port inside the container. With TLS it is the TLS port. */
  readonly port: number;
  /** The port of the cluster bus inside the container. */
  readonly busPort: number;
  /**
   * The port of the host on which the client port is published. If undefined, the engine chooses one, and a restart changes it.
   */
  readonly hostPort: number | undefined;
  /** The port of the host on which the bus port is published. If undefined, the bus port is not published. */
  readonly hostBusPort: number | undefined;
  /** The role of the node after the formation. A failover may change it. */
  readonly role: NodeRole;
  /** The index of the shard to which the node belongs after the formation. */
  readonly shard: number;
  /** The content of its redis.conf. */
  readonly redisConf: string;
  /** The name of its nodes.conf (`cluster-config-file`). */
  readonly nodesConfName: string;
  /** The content of its nodes.conf at the first boot. */
  readonly nodesConf: string;
  /** Arguments of the server that are used only at its first boot. */
  readonly firstBootArguments: readonly string[];
}

/** The plan of the cluster's network. */
export interface NetworkPlan {
  /** The name of the network on the engine. It is the name of the cluster. */
  readonly name: string;
  /** The IPv4 range, such as `172.28.0.0/16`. */
  readonly subnet: string;
  /** The address of the gateway in the subnet. */
  readonly gateway: string;
}

/** The plan of an ACL user other than the default user. */
export interface UserPlan {
  /** The name of the user. */
  readonly name: string;
  /** The password of the user. */
  readonly password: string;
  /** The rights of the user, as rules of `ACL SETUSER`. */
  readonly rules: readonly string[];
}

/** The plan of a cluster: everything that is decided before the first request to the engine. */
export interface ClusterPlan extends PassedOptions {
  /** The name of the cluster. It is different for each start. All its containers and its network have it in a label. */
  readonly name: string;
  /** The network of the cluster. */
  readonly network: NetworkPlan;
  /** How this host reaches the nodes. It is decided when the network exists. */
  readonly access: AccessPath;
  /** Whether the engine publishes the client ports of the nodes on its host. */
  readonly publishesPorts: boolean;
  /** The nodes: first all primaries, in the order of their shards, then the replicas. */
  readonly nodes: readonly NodePlan[];
  /** The shards, in the order of their slots. */
  readonly shards: readonly ShardPlan[];
  /** The password of the default user; undefined if it has none, or may not log in. */
  readonly password: string | undefined;
  /** The ACL users, including those that the library creates for itself. */
  readonly users: readonly UserPlan[];
  /** Whether the default user may log in. */
  readonly defaultUser: boolean;
  /** The name of the user as which this library logs in; undefined for the default user. */
  readonly harnessUser: string | undefined;
  /** The name of the user as which replicas log in to their primary; undefined for the default user. */
  readonly replicationUser: string | undefined;
  /** The new names of renamed commands (`rename-command`) that this library sends, by the original names in upper case. */
  readonly commandNames: Readonly<Record<string, string>>;
  /** The options of TLS; undefined without TLS. */
  readonly tls: { readonly clientAuth: boolean; readonly names: string } | undefined;
  /** The labels of the option `labels`, without the labels of this library. */
  readonly labels: Readonly<Record<string, string>>;
  /** The value of `cluster-require-full-coverage` after the formation. */
  readonly requireFullCoverage: string;
  /** The value of `cluster-replica-no-failover` after the formation. */
  readonly replicaNoFailover: string;
  /** The timeout of the whole start in milliseconds, multiplied by the time scale. */
  readonly startupTimeoutMs: number;
}
