import { expect, test } from "vitest";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable } from "./address-table.ts";
import { connectionEnvironment, connectionInfo } from "./connection-info.ts";

const NO_LOGIN = { password: undefined, tls: undefined };
const NAMED = {
  config: { "cluster-announce-hostname": "{name}.test", "cluster-preferred-endpoint-type": "hostname" },
};

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");

function plan(options: object = {}, announcedHost?: string): ClusterPlan {
  const valid = validateOptions({ nodes: 3, replicas: 0, ...options }, {});
  return planCluster(valid, parseSubnet("10.1.0.0/24"), hex, announcedHost);
}

function published({ nodes }: ClusterPlan): AddressTable {
  const table = new AddressTable("published");
  for (const node of nodes)
    table.set(node, { host: "127.0.0.1", port: node.hostPort ?? 32_768 + node.index });
  return table;
}

function direct({ nodes }: ClusterPlan): AddressTable {
  const table = new AddressTable("direct");
  for (const node of nodes) table.set(node, undefined);
  return table;
}

test("with published ports, a client on this host needs a map", () => {
  const cluster = plan();
  expect(connectionInfo(cluster, published(cluster), NO_LOGIN, "host")).toEqual({
    seeds: ["127.0.0.1:32768", "127.0.0.1:32769", "127.0.0.1:32770"],
    addressMap: {
      "10.1.0.2:6379": "127.0.0.1:32768",
      "10.1.0.3:6379": "127.0.0.1:32769",
      "10.1.0.4:6379": "127.0.0.1:32770",
    },
    username: undefined,
    password: undefined,
    tls: undefined,
    urls: ["redis://127.0.0.1:32768", "redis://127.0.0.1:32769", "redis://127.0.0.1:32770"],
  });
});

test("with direct access, and in the network, a client needs no map", () => {
  const cluster = plan();
  const seeds = ["10.1.0.2:6379", "10.1.0.3:6379", "10.1.0.4:6379"];
  const expected = { seeds, addressMap: {} };
  expect(connectionInfo(cluster, direct(cluster), NO_LOGIN, "host")).toMatchObject(expected);
  expect(connectionInfo(cluster, published(cluster), NO_LOGIN, "network")).toMatchObject(expected);
});

test("names of the network are mapped for a client on this host only", () => {
  const cluster = plan(NAMED);
  expect(connectionInfo(cluster, direct(cluster), NO_LOGIN, "host").addressMap).toEqual({
    "node-0.test:6379": "10.1.0.2:6379",
    "node-1.test:6379": "10.1.0.3:6379",
    "node-2.test:6379": "10.1.0.4:6379",
  });
  expect(connectionInfo(cluster, direct(cluster), NO_LOGIN, "network").addressMap).toEqual({});
});

test("nodes that join other networks are found by their names in all networks", () => {
  const cluster = plan({ joinNetworks: ["app_default"] });
  const names = [0, 1, 2].map((index) => `node-${index}.${cluster.name}:6379`);
  expect(connectionInfo(cluster, direct(cluster), NO_LOGIN, "network")).toMatchObject({
    seeds: names,
    addressMap: {},
  });
  expect(connectionInfo(cluster, direct(cluster), NO_LOGIN, "host")).toMatchObject({
    seeds: ["10.1.0.2:6379", "10.1.0.3:6379", "10.1.0.4:6379"],
    addressMap: { [names[0] ?? ""]: "10.1.0.2:6379" },
  });
});

test("an announced host is mapped for a client in the network only", () => {
  const cluster = plan({ announce: "host", firstHostPort: 20_000 }, "localhost");
  expect(connectionInfo(cluster, published(cluster), NO_LOGIN, "host")).toMatchObject({
    seeds: ["localhost:20000", "localhost:20001", "localhost:20002"],
    addressMap: {},
  });
  expect(connectionInfo(cluster, published(cluster), NO_LOGIN, "network")).toMatchObject({
    seeds: ["10.1.0.2:20000", "10.1.0.3:20001", "10.1.0.4:20002"],
    addressMap: {
      "localhost:20000": "10.1.0.2:20000",
      "localhost:20001": "10.1.0.3:20001",
      "localhost:20002": "10.1.0.4:20002",
    },
  });
});

test("URLs and variables contain the credentials", () => {
  const cluster = plan();
  const login = { username: "app", password: "p@ss/word", tls: { ca: "CA" } };
  const info = connectionInfo(cluster, published(cluster), login, "host");
  expect(info.urls[0]).toBe("rediss://app:p%40ss%2Fword@127.0.0.1:32768");
  expect(connectionEnvironment(info)).toEqual({
    REDIS_NODES: "127.0.0.1:32768,127.0.0.1:32769,127.0.0.1:32770",
    REDIS_URLS: info.urls.join(","),
    REDIS_ADDRESS_MAP: JSON.stringify(info.addressMap),
    REDIS_USERNAME: "app",
    REDIS_PASSWORD: "p@ss/word",
    REDIS_TLS_CA: "CA",
  });
});

test("variables without a value are left out", () => {
  const cluster = plan();
  const info = connectionInfo(cluster, direct(cluster), { password: "secret", tls: undefined }, "host");
  expect(info.urls[0]).toBe("redis://:secret@10.1.0.2:6379");
  expect(Object.keys(connectionEnvironment(info))).toEqual(["REDIS_NODES", "REDIS_URLS", "REDIS_PASSWORD"]);
});
