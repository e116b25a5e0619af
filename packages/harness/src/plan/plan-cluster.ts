import type { ClusterPlan, NodePlan, ShardPlan, UserPlan } from "./cluster-plan.ts";
import { layOutShards } from "./layout.ts";
import {
  firstBootArguments,
  type NodeFacts,
  renderLonelyNodesConf,
  renderPlaceholderNodesConf,
  renderRedisConf,
} from "./node-files.ts";
import type { RedisConfig } from "./options.generated.ts";
import { hostnameOf } from "./server-config.ts";
import { splitSlots } from "./slots.ts";
import { numberToAddress, type Subnet } from "./subnet.ts";
import type { ValidOptions } from "./validate-options.ts";
import { OWN_USERS } from "./validate-users.ts";

/** 128 bits, of characters that nothing has to quote. */
const PASSWORD_CHARACTERS = 32;

/**
 * Decides everything about a cluster: names, addresses, ids, roles, slots and both files of every node.
 *
 * @param randomHex gives a string of so many random hex characters.
 */
export function planCluster(
  options: ValidOptions,
  subnet: Subnet,
  randomHex: (characters: number) => string,
): ClusterPlan {
  const name = `redis-cluster-${randomHex(12)}`;
  const gateway = options.gateway ?? subnet.first + 1;
  const addresses = nodeAddresses(options, subnet, gateway);
  const slots = splitSlots(layOutShards(options.nodes, options.replicas).length);
  const shards: readonly ShardPlan[] = layOutShards(options.nodes, options.replicas).map((layout, index) => ({
    ...layout,
    index,
    slots: slots[index] as ShardPlan["slots"],
    shardId: randomHex(40),
    placeholderId: randomHex(40),
  }));
  const facts: readonly NodeFacts[] = addresses.map((address, index) => {
    const shard = shards.find((each) => each.primary === index || each.replicas.includes(index)) as ShardPlan;
    return {
      index,
      id: randomHex(40),
      address: numberToAddress(address),
      port: options.port,
      busPort: options.busPort,
      role: shard.primary === index ? "primary" : "replica",
      shard: shard.index,
    };
  });
  const password = options.password === true ? randomHex(PASSWORD_CHARACTERS) : options.password;
  const login = planUsers(options, randomHex);
  const nodesConfName = String(options.config["cluster-config-file"] ?? "nodes.conf");
  const nodes: readonly NodePlan[] = facts.map((node) => ({
    ...node,
    name: `node-${node.index}`,
    hostname: hostnameOf(options.config, node.index),
    containerName: `${name}-node-${node.index}`,
    hostPort: options.firstHostPort === undefined ? undefined : options.firstHostPort + node.index,
    hostBusPort: options.firstHostBusPort === undefined ? undefined : options.firstHostBusPort + node.index,
    redisConf: renderRedisConf(node, { ...options, ...login, password }),
    nodesConfName,
    nodesConf:
      options.formation === "meet"
        ? renderLonelyNodesConf(node, shards)
        : renderPlaceholderNodesConf(node, facts, shards),
    firstBootArguments: firstBootArguments(options.nodes),
  }));
  return {
    name,
    image: options.image,
    faultImage: options.faultImage,
    network: { name, subnet: subnet.cidr, gateway: numberToAddress(gateway) },
    nodes,
    shards,
    formation: options.formation,
    password,
    ...login,
    commandNames: options.commandNames,
    tls: options.tls,
    memoryMb: options.memoryMb,
    cpus: options.cpus,
    pidsLimit: options.pidsLimit,
    readOnlyRoot: options.readOnlyRoot,
    publishOn: options.publishOn,
    labels: options.labels,
    nodeTimeoutMs: options.nodeTimeoutMs,
    requireFullCoverage: yesOrNo(options.config["cluster-require-full-coverage"], true),
    replicaNoFailover: yesOrNo(
      // Redis knows both names.
      options.config["cluster-replica-no-failover"] ?? options.config["cluster-slave-no-failover"],
      false,
    ),
    startupTimeoutMs: options.startupTimeoutMs,
    timeScale: options.timeScale,
  };
}

/** Rights that replication needs (redis.conf, `masteruser`). */
const REPLICATION_RULES = ["+psync", "+replconf", "+ping"];

/** All users, and who logs in as whom. If the default user is off, the library has users of its own. */
function planUsers(
  { users, defaultUser, replicationUser }: ValidOptions,
  randomHex: (characters: number) => string,
): Pick<ClusterPlan, "users" | "defaultUser" | "harnessUser" | "replicationUser"> {
  const given: readonly UserPlan[] = users.map((user) => ({
    ...user,
    password: user.password === true ? randomHex(PASSWORD_CHARACTERS) : user.password,
  }));
  if (defaultUser) return { users: given, defaultUser, harnessUser: undefined, replicationUser };
  const own = (name: string, rules: readonly string[]): UserPlan => ({
    name,
    password: randomHex(PASSWORD_CHARACTERS),
    rules,
  });
  return {
    users: [
      ...given,
      own(OWN_USERS.harness, ["~*", "&*", "+@all"]),
      ...(replicationUser === undefined ? [own(OWN_USERS.replication, REPLICATION_RULES)] : []),
    ],
    defaultUser,
    harnessUser: OWN_USERS.harness,
    replicationUser: replicationUser ?? OWN_USERS.replication,
  };
}

function nodeAddresses(options: ValidOptions, subnet: Subnet, gateway: number): readonly number[] {
  if (options.firstAddress !== undefined) {
    const first = options.firstAddress;
    return Array.from({ length: options.nodes }, (_, index) => first + index);
  }
  // Validation made sure that there is room for all of them beside the gateway.
  const addresses: number[] = [];
  for (let address = subnet.first + 1; addresses.length < options.nodes; address += 1) {
    if (address !== gateway) addresses.push(address);
  }
  return addresses;
}

/** What a redis.conf value of a switch is on the wire. */
function yesOrNo(given: RedisConfig[string] | undefined, otherwise: boolean): string {
  const value = Array.isArray(given) ? given.at(-1) : (given ?? otherwise);
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}
