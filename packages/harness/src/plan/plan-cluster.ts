import type { ClusterPlan, NodePlan, ShardPlan, UserPlan } from "./cluster-plan.ts";
import { layOutShards } from "./layout.ts";
import {
  firstBootArguments,
  type NodeFacts,
  renderMeetNodesConf,
  renderPlaceholderNodesConf,
  renderRedisConf,
} from "./node-files.ts";
import { passedOptions } from "./option-values.ts";
import type { RedisConfig } from "./options.generated.ts";
import { hostnameOf } from "./server-config.ts";
import { splitSlots } from "./slots.ts";
import { numberToAddress, type Subnet } from "./subnet.ts";
import type { ValidOptions } from "./validate-options.ts";
import { LIBRARY_USERS } from "./validate-users.ts";

/** The number of hex characters of a random password: 128 bits, without characters that would have to be quoted. */
const PASSWORD_CHARACTERS = 32;

/**
 * Plans a cluster: the names, addresses, ids, roles and slots, and redis.conf and nodes.conf of every node.
 *
 * @param subnet the subnet of the network, which is `options.subnet` if that is set.
 * @param randomHex returns a string with the given number of random hex characters.
 * @param announcedHost the host name that all nodes announce at the ports from `options.firstHostPort` on; undefined if they announce
 * their addresses, or names in `config`.
 */
export function planCluster(
  options: ValidOptions,
  subnet: Subnet,
  randomHex: (characters: number) => string,
  announcedHost?: string,
): ClusterPlan {
  const name = `redis-cluster-${randomHex(12)}`;
  const gateway = options.gateway ?? subnet.first + 1;
  const addresses = planAddresses(options, subnet, gateway);
  const layouts = layOutShards(options.nodes, options.replicas);
  const slots = splitSlots(layouts.length);
  const shards: readonly ShardPlan[] = layouts.map((layout, index) => ({
    ...layout,
    index,
    slots: slots[index] as ShardPlan["slots"],
    shardId: randomHex(40),
    placeholderId: randomHex(40),
  }));
  const facts: readonly NodeFacts[] = addresses.map((address, index) => {
    const shard = shards.find(
      ({ primary, replicas }) => primary === index || replicas.includes(index),
    ) as ShardPlan;
    return {
      index,
      id: randomHex(40),
      address: numberToAddress(address),
      port: announcedHost === undefined ? options.port : (options.firstHostPort ?? 0) + index,
      busPort: options.busPort,
      role: shard.primary === index ? "primary" : "replica",
      shard: shard.index,
    };
  });
  const password = options.password === true ? randomHex(PASSWORD_CHARACTERS) : options.password;
  const login = planUsers(options, randomHex);
  const hostname = options.joinNetworks.length > 0 ? `{name}.${name}` : announcedHost;
  const config: RedisConfig =
    hostname === undefined
      ? options.config
      : {
          "cluster-announce-hostname": hostname,
          "cluster-preferred-endpoint-type": "hostname",
          // Contains neither if the engine's host is announced.
          ...options.config,
        };
  const nodesConfName = String(options.config["cluster-config-file"] ?? "nodes.conf");
  const nodes: readonly NodePlan[] = facts.map((node) => ({
    ...node,
    name: `node-${node.index}`,
    hostname: hostnameOf(config, node.index),
    containerName: `${name}-node-${node.index}`,
    hostPort: options.firstHostPort === undefined ? undefined : options.firstHostPort + node.index,
    hostBusPort: options.firstHostBusPort === undefined ? undefined : options.firstHostBusPort + node.index,
    redisConf: renderRedisConf(node, { ...options, ...login, password, config }),
    nodesConfName,
    nodesConf:
      options.formation === "meet"
        ? renderMeetNodesConf(node, shards)
        : renderPlaceholderNodesConf(node, facts, shards),
    firstBootArguments: firstBootArguments(options.nodes),
  }));
  return {
    ...passedOptions(options),
    name,
    network: { name, subnet: subnet.cidr, gateway: numberToAddress(gateway) },
    // Without a network, only published ports are certain: see `createClusterNetwork`.
    access: "published",
    publishesPorts: true,
    nodes,
    shards,
    password,
    ...login,
    commandNames: options.commandNames,
    tls: options.tls,
    labels: options.labels,
    requireFullCoverage: formatSwitch(options.config["cluster-require-full-coverage"], true),
    replicaNoFailover: formatSwitch(
      // The second name is an alias of the first one.
      options.config["cluster-replica-no-failover"] ?? options.config["cluster-slave-no-failover"],
      false,
    ),
    startupTimeoutMs: options.startupTimeoutMs,
  };
}

/** The rights that replication needs (`masteruser` in redis.conf). */
const REPLICATION_RULES = ["+psync", "+replconf", "+ping"];

/** Plans the users. If the default user is off, the library and replication get additional users. */
function planUsers(
  { users, defaultUser, replicationUser }: ValidOptions,
  randomHex: (characters: number) => string,
): Pick<ClusterPlan, "users" | "defaultUser" | "harnessUser" | "replicationUser"> {
  const given: readonly UserPlan[] = users.map((user) => ({
    ...user,
    password: user.password === true ? randomHex(PASSWORD_CHARACTERS) : user.password,
  }));
  if (defaultUser) return { users: given, defaultUser, harnessUser: undefined, replicationUser };
  const createUser = (name: string, rules: readonly string[]): UserPlan => ({
    name,
    password: randomHex(PASSWORD_CHARACTERS),
    rules,
  });
  return {
    users: [
      ...given,
      createUser(LIBRARY_USERS.harness, ["~*", "&*", "+@all"]),
      ...(replicationUser === undefined ? [createUser(LIBRARY_USERS.replication, REPLICATION_RULES)] : []),
    ],
    defaultUser,
    harnessUser: LIBRARY_USERS.harness,
    replicationUser: replicationUser ?? LIBRARY_USERS.replication,
  };
}

/** Returns the address of each node as a number. */
function planAddresses(options: ValidOptions, subnet: Subnet, gateway: number): readonly number[] {
  if (options.firstAddress !== undefined) {
    const first = options.firstAddress;
    return Array.from({ length: options.nodes }, (_, index) => first + index);
  }
  // The validation has verified that the subnet has enough addresses in addition to the gateway.
  const addresses: number[] = [];
  for (let address = subnet.first + 1; addresses.length < options.nodes; address += 1) {
    if (address !== gateway) addresses.push(address);
  }
  return addresses;
}

/** Returns the value of a boolean directive as CONFIG SET expects it. */
function formatSwitch(given: RedisConfig[string] | undefined, defaultValue: boolean): string {
  const value = Array.isArray(given) ? given.at(-1) : (given ?? defaultValue);
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}
