import { anyText } from "../src/schema/option.ts";
import {
  ACCESS_PATH,
  CLUSTER_OPTIONS,
  CONFIG_VALUE,
  START_OPTIONS,
  TLS_OPTIONS,
  USER_OPTIONS,
} from "../src/plan/cluster-options.ts";
import { OBSERVE_FAILOVER_OPTIONS } from "../src/failover/failover-options.ts";
import {
  DELAY_PACKETS_OPTIONS,
  DROP_PACKETS_OPTIONS,
  FAILOVER_MODE,
  FAILOVER_OPTIONS,
  KILL_OPTIONS,
  KILL_SIGNAL,
  PARTITION_OPTIONS,
  PLANE,
  RESTART_OPTIONS,
} from "../src/faults/fault-options.ts";
import { PICTURE_OPTIONS, TEXT_OPTIONS } from "../src/report/report-options.ts";
import { SWEEP_OPTIONS } from "../src/start/sweep-options.ts";
import { WAIT_OPTIONS } from "../src/timing/wait-options.ts";
import { TEST_OPTIONS } from "../src/vitest/test-options.ts";
import { WORKLOAD_OPTIONS } from "../src/workload/workload-options.ts";
import type { NamedType, OptionInterface } from "./print-types.ts";

// What is generated, and in which order it appears.

export const CLUSTER_TYPES: readonly NamedType[] = [
  {
    name: "ConfigValue",
    description:
      "A value of a redis.conf directive, as it is written after the name of the directive. Booleans become `yes` and `no`.",
    schema: CONFIG_VALUE,
  },
  {
    name: "RedisConfig",
    description:
      'Directives of redis.conf by name. A list repeats the directive, once for each value: `{ save: ["900 1", "300 10"] }`.',
    schema: CLUSTER_OPTIONS.config.schema,
  },
  {
    name: "Persistence",
    description:
      'What survives the restart of a node.\n\n- `"none"`: nothing.\n- `"aof"`: an append-only file. Each write is added to it before the reply is sent, so that the write survives a SIGKILL.\n- `"rdb"`: snapshots, which are saved at most a second after a write, and when the server shuts down by itself.',
    schema: CLUSTER_OPTIONS.persistence.schema,
  },
  {
    name: "FormationChoice",
    description:
      'How the nodes become a cluster.\n\n- `"auto"`: the nodes start with knowledge of each other, and the future primaries are promoted. If that does not work with a server, the cluster is formed as with `"meet"`.\n- `"meet"`: as `redis-cli --cluster create` does it. It takes two seconds longer, because a new primary accepts writes only after that time.',
    schema: CLUSTER_OPTIONS.formation.schema,
  },
  {
    name: "CertificateNames",
    description:
      'The names that the certificates of the nodes contain.\n\n- `"all"`: every way to reach a node: its network address, its name (`node-0`), `localhost`, 127.0.0.1 and the host of the engine.\n- `"hosts"`: only names: the name of the node, `localhost`, and the host of the engine if that is a name. A client that connects to an IP address and verifies it is rejected.\n- a DNS name, such as `"redis.example"`: only this name, on every node. A client is rejected unless it verifies this name (`tls.servername`).',
    schema: anyText(),
    text: '"all" | "hosts" | (string & {})',
  },
  {
    name: "AccessPath",
    description:
      'How this host reaches the nodes.\n\n- `"direct"`: at their own addresses on the cluster\'s network.\n- `"published"`: at ports that the engine publishes on its host.',
    schema: ACCESS_PATH,
  },
  {
    name: "AccessChoice",
    description:
      'How this host shall reach the nodes.\n\n- `"auto"`: directly if that is possible, and at published ports otherwise, or if an option requests host ports.\n- `"direct"`: at their own addresses. No port is published unless an option requests it.\n- `"published"`: at published ports, as Testcontainers does it.',
    schema: CLUSTER_OPTIONS.access.schema,
  },
  {
    name: "Announcement",
    description:
      'What the nodes announce to clients. Nodes always announce their network addresses to each other.\n\n- `"address"`: the address on the cluster\'s network, and the client port, which is the same for all nodes.\n- `"host"`: the name of the engine\'s host (`localhost`, unless the engine is on another machine), and a port that differs from node to node. The node uses this port in its container, and the engine publishes it under the same number. So every client on this host finds the nodes, with any engine and without an address map, also after restarts. A cluster client in a container is directed to the host as well: see docs/guides/access.md. It needs Redis 7.0 or newer, or Valkey.',
    schema: CLUSTER_OPTIONS.announce.schema,
  },
  {
    name: "PublishOn",
    description: "The addresses of the engine's host on which the ports of the nodes are published.",
    schema: CLUSTER_OPTIONS.publishOn.schema,
  },
];

/** The interfaces of values of options. */
export const NESTED_INTERFACES: readonly OptionInterface[] = [
  {
    name: "RedisUser",
    description: "An ACL user in addition to the default user.",
    table: USER_OPTIONS,
  },
  {
    name: "TlsOptions",
    description: "The options of TLS for clients, replication and the cluster bus.",
    table: TLS_OPTIONS,
  },
];

export const CLUSTER_OPTIONS_INTERFACE: OptionInterface = {
  name: "ClusterShape",
  description:
    "The shape of a cluster. Each option has a default: `startRedisCluster()` starts three shards of two nodes.",
  table: CLUSTER_OPTIONS,
};

export const START_INTERFACE: OptionInterface = {
  name: "RedisClusterOptions",
  description: "The options of `startRedisCluster`.",
  parents: ["ClusterShape"],
  table: START_OPTIONS,
};

export const WAIT_INTERFACE: OptionInterface = {
  name: "WaitOptions",
  description: "The timeout and the signal of a call.",
  table: WAIT_OPTIONS,
};

export const FAULT_TYPES: readonly NamedType[] = [
  {
    name: "KillSignal",
    description: "A signal that ends a server.",
    schema: KILL_SIGNAL,
  },
  {
    name: "Plane",
    description:
      'The connections that a network fault affects.\n\n- `"bus"`: gossip and votes.\n- `"replication"`: the replication streams between nodes.\n- `"clients"`: connections from outside the cluster.\n- `"all"`: all connections between nodes, but not those of clients.',
    schema: PLANE,
  },
  {
    name: "FailoverMode",
    description:
      'How a replica takes over.\n\n- `"graceful"`: in agreement with its primary, which must be alive, without losing writes.\n- `"force"`: with the votes of the other primaries, but without the consent of its own primary.\n- `"takeover"`: without any consent or votes.',
    schema: FAILOVER_MODE,
  },
];

export const FAULT_INTERFACES: readonly OptionInterface[] = [
  {
    name: "KillOptions",
    description: "The options of a kill.",
    parents: ["WaitOptions"],
    table: KILL_OPTIONS,
  },
  {
    name: "RestartOptions",
    description: "The options of a restart.",
    parents: ["WaitOptions"],
    table: RESTART_OPTIONS,
  },
  {
    name: "PartitionOptions",
    description: "The options of a partition.",
    table: PARTITION_OPTIONS,
  },
  {
    name: "DropPacketsOptions",
    description: "The options of dropped packets.",
    parents: ["WaitOptions"],
    table: DROP_PACKETS_OPTIONS,
  },
  {
    name: "DelayPacketsOptions",
    description: "The options of delayed packets.",
    parents: ["WaitOptions"],
    table: DELAY_PACKETS_OPTIONS,
  },
  {
    name: "FailoverOptions",
    description: "The options of a manual failover.",
    parents: ["WaitOptions"],
    table: FAILOVER_OPTIONS,
  },
];

export const OBSERVE_INTERFACE: OptionInterface = {
  name: "ObserveFailoverOptions",
  description: "The options of the observation of a failover.",
  table: OBSERVE_FAILOVER_OPTIONS,
};

export const WORKLOAD_INTERFACE: OptionInterface = {
  name: "WorkloadOptions",
  description:
    "The options of the writers of a workload. `startWorkload` also has the option `client`: see {@link ClusterWorkloadOptions}.",
  table: WORKLOAD_OPTIONS,
};

export const TEST_INTERFACE: OptionInterface = {
  name: "RedisClusterTestOptions",
  description: "The options of `redisClusterTest`.",
  parents: ["TestClusterOptions"],
  table: TEST_OPTIONS,
};

export const REPORT_INTERFACES: readonly OptionInterface[] = [
  {
    name: "ReportTextOptions",
    description: "The options of `toText()` of a report.",
    table: TEXT_OPTIONS,
  },
  {
    name: "ReportPictureOptions",
    description: "The options of `toSVG()` of a report.",
    table: PICTURE_OPTIONS,
  },
];

export const SWEEP_INTERFACE: OptionInterface = {
  name: "SweepOptions",
  description: "The options of `sweepOrphans`.",
  parents: ["WaitOptions"],
  table: SWEEP_OPTIONS,
};
