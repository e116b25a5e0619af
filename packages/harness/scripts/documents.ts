import { anyText } from "../src/schema/option.ts";
import {
  CLUSTER_OPTIONS,
  CONFIG_VALUE,
  START_OPTIONS,
  TLS_OPTIONS,
  USER_OPTIONS,
} from "../src/plan/cluster-options.ts";
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

export const START_IMPORTS = `import type { ConfigureNode } from "../docker/redis-node-container.ts";
import type { ClusterShape } from "../plan/options.generated.ts";
import type { Seed } from "../seed/seed.ts";
`;
