import { Cluster } from "ioredis";
import { expect, test } from "vitest";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable } from "./address-table.ts";
import { completeSlots, findByAnnouncedAddress } from "./resolve-endpoints.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const { nodes } = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
const [ONE, TWO] = nodes as [NodePlan, NodePlan];

function table(): AddressTable {
  const addresses = new AddressTable();
  addresses.set(ONE, { host: "127.0.0.1", port: 1 });
  addresses.set(TWO, { host: "127.0.0.1", port: 2 });
  return addresses;
}

type Endpoint = string | null;
const range = (first: Endpoint, second: Endpoint): Parameters<typeof completeSlots>[0] => [
  [0, 8191, [first, 6379, ONE.id, ["ip", ONE.address]]],
  [8192, 16383, [second, 6379, TWO.id, ["ip", TWO.address]]],
];
const endpoints = (...args: Parameters<typeof completeSlots>): unknown =>
  completeSlots(...args).map(([, , node]) => node?.[0]);

test("an announced name is found after CLUSTER SLOTS", () => {
  const addresses = table();
  expect(addresses.lookUp("one.redis.test:6379")).toBeUndefined();
  expect(endpoints(range("one.redis.test", "two.redis.test"), addresses)).toEqual([
    "one.redis.test",
    "two.redis.test",
  ]);
  expect(addresses.lookUp("one.redis.test:6379")?.port).toBe(1);
  addresses.set(ONE, { host: "127.0.0.1", port: 3 });
  expect(addresses.lookUp("one.redis.test:6379")?.port).toBe(3);
});

test.each([
  ["is unknown", null, null],
  ["is missing although names are preferred", "?", "?"],
  ["is empty", "", ""],
])("an endpoint that %s is replaced with the address of the node", (_, first, second) => {
  expect(endpoints(range(first, second), table())).toEqual([ONE.address, TWO.address]);
});

test("the second of two nodes with the same name is found by its address", () => {
  expect(endpoints(range("redis.test", "redis.test"), table())).toEqual(["redis.test", TWO.address]);
});

test("an address is not changed, also without metadata", () => {
  const old = [[0, 16383, [ONE.address, 6379, ONE.id]]] as Parameters<typeof completeSlots>[0];
  expect(completeSlots(old, table())).toEqual(old);
});

test("the target of a redirection is found by its announced address", () => {
  const addresses = table();
  const client = new Cluster([{ host: "127.0.0.1", port: 1 }], {
    lazyConnect: true,
    natMap: (announced) => addresses.lookUp(announced) ?? null,
  });
  findByAnnouncedAddress(client);
  const { connectionPool: pool } = client as unknown as {
    connectionPool: {
      findOrCreate(node: { host: string; port: number }): unknown;
      getInstanceByKey(key: string): unknown;
    };
  };
  const two = pool.findOrCreate({ host: "127.0.0.1", port: 2 });
  expect(pool.getInstanceByKey("127.0.0.1:2")).toBe(two);
  expect(pool.getInstanceByKey(`${TWO.address}:6379`)).toBe(two);
  expect(pool.getInstanceByKey(`${ONE.address}:6379`)).toBeUndefined();
  client.disconnect();
});
