import fc from "fast-check";
import { expect, test } from "vitest";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import type { ClusterPlan } from "./cluster-plan.ts";
import type { ClusterShape } from "./options.generated.ts";
import { planCluster } from "./plan-cluster.ts";
import { addressToNumber, numberToAddress, parseSubnet, subnetAt } from "./subnet.ts";
import { validateOptions } from "./validate-options.ts";

/** Returns a function that returns a different text for each call, but the same texts in each run. */
function counter(): (characters: number) => string {
  let count = 0;
  return (characters) => {
    count += 1;
    return count.toString(16).padStart(characters, "0");
  };
}

function plan(shape: ClusterShape = {}): ClusterPlan {
  const valid = validateOptions(shape, {});
  return planCluster(valid, valid.subnet ?? parseSubnet("10.192.0.0/24"), counter());
}

const SIX_NODES: ClusterShape = { subnet: "172.28.0.0/16", firstAddress: "172.28.0.11" };

test("plans six nodes with addresses, roles and slots", () => {
  const { network, nodes, shards } = plan(SIX_NODES);
  expect(network).toMatchObject({ subnet: "172.28.0.0/16", gateway: "172.28.0.1" });
  expect(nodes.map(({ name, address, role, shard }) => [name, address, role, shard])).toEqual([
    ["node-0", "172.28.0.11", "primary", 0],
    ["node-1", "172.28.0.12", "primary", 1],
    ["node-2", "172.28.0.13", "primary", 2],
    ["node-3", "172.28.0.14", "replica", 2],
    ["node-4", "172.28.0.15", "replica", 0],
    ["node-5", "172.28.0.16", "replica", 1],
  ]);
  expect(shards.map(({ index, primary, replicas, slots }) => [index, primary, replicas, slots])).toEqual([
    [0, 0, [4], { first: 0, last: 5460 }],
    [1, 1, [5], { first: 5461, last: 10922 }],
    [2, 2, [3], { first: 10923, last: 16383 }],
  ]);
});

test("names the network and the containers after the cluster", () => {
  const { name, network, nodes } = plan(SIX_NODES);
  expect(name).toBe("redis-cluster-000000000001");
  expect(network.name).toBe(name);
  expect(nodes.map(({ containerName }) => containerName)).toEqual(
    nodes.map((node) => `redis-cluster-000000000001-${node.name}`),
  );
});

test("generates different ids of 40 hex characters", () => {
  const { nodes, shards } = plan({ nodes: 9, replicas: 2 });
  const ids = [
    ...nodes.map(({ id }) => id),
    ...shards.flatMap(({ shardId, placeholderId }) => [shardId, placeholderId]),
  ];
  expect(ids).toHaveLength(9 + 3 + 3);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{40}$/);
});

test("nodes.conf of every node contains all nodes and marks the node itself", () => {
  const { nodes, shards } = plan(SIX_NODES);
  for (const self of nodes) {
    const lines = self.nodesConf.trimEnd().split("\n");
    expect(lines.at(-1)).toBe(`vars currentEpoch ${3 + self.shard} lastVoteEpoch 0`);
    const known = parseClusterNodes(lines.slice(0, -1).join("\n"));
    expect(known.filter((entry) => entry.self).map(({ id }) => id)).toEqual([self.id]);
    expect(known.filter(({ role }) => role === "primary")).toMatchObject(
      shards.map(({ placeholderId, slots }) => ({ id: placeholderId, slots: [slots] })),
    );
    expect(known.filter(({ role }) => role === "replica")).toMatchObject(
      nodes.map(({ id, address, port, busPort, shard }) => ({
        ...{ id, address, port, busPort },
        primaryId: shards[shard]?.placeholderId,
      })),
    );
  }
});

test("nodes.conf of three nodes without replicas has this text", () => {
  const shape = { nodes: 3, replicas: 0, subnet: "172.28.0.0/24", port: 7000, busPort: 7100 };
  expect(plan(shape).nodes[1]?.nodesConf).toBe(
    `0000000000000000000000000000000000000003 127.0.0.1:6399@6398,,shard-id=0000000000000000000000000000000000000002 master - 0 0 1 connected 0-5460
0000000000000000000000000000000000000005 127.0.0.1:6399@6398,,shard-id=0000000000000000000000000000000000000004 master - 0 0 2 connected 5461-10922
0000000000000000000000000000000000000007 127.0.0.1:6399@6398,,shard-id=0000000000000000000000000000000000000006 master - 0 0 3 connected 10923-16383
0000000000000000000000000000000000000008 172.28.0.2:7000@7100,,shard-id=0000000000000000000000000000000000000002 slave 0000000000000000000000000000000000000003 0 0 0 connected
0000000000000000000000000000000000000009 172.28.0.3:7000@7100,,shard-id=0000000000000000000000000000000000000004 myself,slave 0000000000000000000000000000000000000005 0 0 0 connected
000000000000000000000000000000000000000a 172.28.0.4:7000@7100,,shard-id=0000000000000000000000000000000000000006 slave 0000000000000000000000000000000000000007 0 0 0 connected
vars currentEpoch 4 lastVoteEpoch 0
`,
  );
});

test("with formation meet, nodes.conf contains only the node with its planned id", () => {
  for (const node of plan({ ...SIX_NODES, formation: "meet" }).nodes) {
    const [line = "", vars] = node.nodesConf.split("\n");
    expect(parseClusterNodes(line)).toMatchObject([{ id: node.id, self: true, role: "primary", slots: [] }]);
    expect(vars).toBe("vars currentEpoch 0 lastVoteEpoch 0");
  }
});

test("redis.conf of each node announces the address of the node", () => {
  for (const { address, redisConf } of plan({ ...SIX_NODES, port: 7000 }).nodes) {
    expect(redisConf.split("\n")).toEqual(
      expect.arrayContaining([
        `cluster-announce-ip ${address}`,
        "cluster-announce-port 7000",
        "cluster-announce-bus-port 17000",
        "cluster-node-timeout 1000",
      ]),
    );
  }
});

test("redis.conf of every node contains the directives of the option config", () => {
  const config = { appendonly: true, "cluster-config-file": "mine.conf", "maxmemory-policy": "allkeys-lru" };
  for (const { redisConf, nodesConfName } of plan({ config }).nodes) {
    expect(redisConf).toContain("\nmaxmemory-policy allkeys-lru\n");
    expect(redisConf).toContain("\nappendonly yes\n");
    expect(redisConf).not.toContain("appendonly no");
    expect(redisConf.match(/^cluster-config-file .*$/gm)).toEqual(["cluster-config-file mine.conf"]);
    expect(nodesConfName).toBe("mine.conf");
  }
  expect(plan().nodes[0]?.nodesConfName).toBe("nodes.conf");
});

test.each([
  [undefined, "yes"],
  [true, "yes"],
  [false, "no"],
  ["no", "no"],
  [[true, "no"], "no"],
] as const)("converts cluster-require-full-coverage %j to %s", (given, expected) => {
  const config = given === undefined ? {} : { "cluster-require-full-coverage": given };
  expect(plan({ config }).requireFullCoverage).toBe(expected);
});

test.each([
  [{}, "no"],
  [{ "cluster-replica-no-failover": true }, "yes"],
  [{ "cluster-replica-no-failover": "yes" }, "yes"],
  [{ "cluster-replica-no-failover": false }, "no"],
] as const)("converts the config %j to cluster-replica-no-failover %s", (config, expected) => {
  expect(plan({ config }).replicaNoFailover).toBe(expected);
});

test("accepts cluster-slave-no-failover, the older name of the directive", () => {
  expect(plan({ config: { "cluster-slave-no-failover": true } }).replicaNoFailover).toBe("yes");
});

test("increments the published ports from node to node", () => {
  const { nodes } = plan({ nodes: 3, replicas: 0, firstHostPort: 7000, firstHostBusPort: 17_000 });
  expect(nodes.map(({ hostPort, hostBusPort }) => [hostPort, hostBusPort])).toEqual([
    [7000, 17_000],
    [7001, 17_001],
    [7002, 17_002],
  ]);
  for (const { hostPort, hostBusPort } of plan().nodes) {
    expect([hostPort, hostBusPort]).toEqual([undefined, undefined]);
  }
});

test("without firstAddress, assigns the addresses in order except the gateway", () => {
  const addresses = (shape: ClusterShape): readonly string[] =>
    plan(shape).nodes.map(({ address }) => address);
  expect(addresses({ nodes: 3, replicas: 0 })).toEqual(["10.192.0.2", "10.192.0.3", "10.192.0.4"]);
  expect(addresses({ nodes: 3, replicas: 0, subnet: "172.28.0.0/16", gateway: "172.28.0.2" })).toEqual([
    "172.28.0.1",
    "172.28.0.3",
    "172.28.0.4",
  ]);
});

test("uses the gateway of the options", () => {
  expect(plan({ subnet: "172.28.0.0/16", gateway: "172.28.255.254" }).network.gateway).toBe("172.28.255.254");
});

test("copies options into the plan unchanged", () => {
  const shape: ClusterShape = {
    image: "valkey/valkey:9.1",
    password: "p",
    labels: { team: "cache" },
    nodeTimeoutMs: 2500,
    startupTimeoutMs: 5000,
    formation: "meet",
  };
  expect(plan(shape)).toMatchObject(shape);
});

test("plans remaining nodes as additional replicas", () => {
  const { nodes, shards } = plan({ nodes: 19, replicas: 4 });
  expect(nodes).toHaveLength(19);
  expect(shards.map(({ replicas }) => replicas.length).toSorted((a, b) => a - b)).toEqual([5, 5, 6]);
});

test("assigns different addresses that are available to nodes", () => {
  const shapes = fc.record({
    nodes: fc.integer({ min: 3, max: 60 }),
    prefix: fc.integer({ min: 8, max: 29 }),
    address: fc.integer({ min: addressToNumber("10.0.0.0"), max: addressToNumber("10.255.255.255") }),
    gateway: fc.option(fc.nat(300), { nil: undefined }),
    first: fc.option(fc.nat(300), { nil: undefined }),
  });
  fc.assert(
    fc.property(shapes, ({ nodes, prefix, address, gateway, first }) => {
      const subnet = subnetAt(address, prefix);
      const shape: ClusterShape = {
        nodes,
        replicas: 0,
        subnet: subnet.cidr,
        gateway: gateway === undefined ? undefined : numberToAddress(subnet.first + gateway),
        firstAddress: first === undefined ? undefined : numberToAddress(subnet.first + first),
      };
      fc.pre(isValid(shape));
      const { network, nodes: placed } = plan(shape);
      const numbers = placed.map((node) => addressToNumber(node.address));
      expect(new Set(numbers).size).toBe(nodes);
      expect(Math.min(...numbers)).toBeGreaterThan(subnet.first);
      expect(Math.max(...numbers)).toBeLessThan(subnet.last);
      expect(numbers).not.toContain(addressToNumber(network.gateway));
      if (shape.gateway !== undefined) expect(network.gateway).toBe(shape.gateway);
      if (shape.firstAddress !== undefined) expect(placed[0]?.address).toBe(shape.firstAddress);
    }),
  );
});

function isValid(shape: ClusterShape): boolean {
  try {
    validateOptions(shape, {});
    return true;
  } catch {
    return false;
  }
}
