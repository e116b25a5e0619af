import { expect, test } from "vitest";
import { CLUSTER_LABEL, type Owner, ownerLabels } from "../cleanup/owner.ts";
import { currentOwner } from "../cleanup/current-owner.ts";
import { parseSubnet, type UsedSubnet } from "../plan/subnet.ts";
import type { Engine } from "./engine.ts";
import { identifyUser, listUsedSubnets, parseNameServers, parseRoutes } from "./used-subnets.ts";

const HEADING = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

/** Returns a file /proc/net/route as Linux writes it, with lines that are padded with blanks. */
function routeTable(...lines: readonly string[]): string {
  return [HEADING, ...lines].map((line) => `${line.padEnd(127)}\n`).join("");
}

const noBridge = (): boolean => false;

test("parses the routes of a host with their interfaces, and bridges as fixed", () => {
  const routes = parseRoutes(
    routeTable(
      "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
      "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0",
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
      "br-1f2e3d\t00001CAC\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0",
    ),
    (name) => name === "docker0",
  );
  expect(routes).toEqual([
    {
      subnet: parseSubnet("192.168.1.0/24"),
      usedBy: "the route 192.168.1.0/24 of this host (eth0)",
      kind: "route",
    },
    {
      subnet: parseSubnet("172.17.0.0/16"),
      usedBy: "the route 172.17.0.0/16 of this host (docker0)",
      kind: "fixed",
    },
    {
      subnet: parseSubnet("172.16.0.0/12"),
      usedBy: "the route 172.16.0.0/12 of this host (br-1f2e3d)",
      kind: "route",
    },
  ]);
});

test("parses a route to a single host as its address", () => {
  const routes = parseRoutes(
    routeTable("tun0\t07C0FF0A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0"),
    noBridge,
  );
  expect(routes.map(({ subnet }) => subnet.cidr)).toEqual(["10.255.192.7/32"]);
});

test("omits default routes and their halves", () => {
  const routes = parseRoutes(
    routeTable(
      "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
      "tun0\t00000000\t01000A0A\t0003\t0\t0\t0\t00000080\t0\t0\t0",
      "tun0\t00000080\t01000A0A\t0003\t0\t0\t0\t00000080\t0\t0\t0",
      "tun1\t000000C0\t01000A0A\t0003\t0\t0\t0\t000000C0\t0\t0\t0",
    ),
    noBridge,
  );
  expect(routes.map(({ subnet }) => subnet.cidr)).toEqual(["192.0.0.0/2"]);
});

test("returns no routes if the file is empty or missing", () => {
  expect(parseRoutes(routeTable(), noBridge)).toEqual([]);
  expect(parseRoutes("", noBridge)).toEqual([]);
});

test("parses blackhole and unreachable routes, which have no interface", () => {
  const blackhole = "*\t0000000A\t00000000\t0001\t0\t0\t5000\t000000FF\t0\t0\t0";
  const unreachable = "*\t000010AC\t00000000\t0201\t0\t0\t0\t0000F0FF\t0\t0\t0";
  expect(parseRoutes(routeTable(blackhole, unreachable), noBridge)).toEqual([
    {
      subnet: parseSubnet("10.0.0.0/8"),
      usedBy: "the route 10.0.0.0/8 of this host (blackhole or unreachable)",
      kind: "route",
    },
    {
      subnet: parseSubnet("172.16.0.0/12"),
      usedBy: "the route 172.16.0.0/12 of this host (blackhole or unreachable)",
      kind: "route",
    },
  ]);
});

test("parses the name servers with IPv4 addresses", () => {
  const text =
    "# nameserver 10.0.0.1\nsearch corp\nnameserver 10.255.255.53\n nameserver\tfd00::53\n\tnameserver  10.1.2.3 \n";
  expect(parseNameServers(text)).toEqual([
    {
      subnet: parseSubnet("10.255.255.53/32"),
      usedBy: "the name server 10.255.255.53 of this host",
      kind: "fixed",
    },
    { subnet: parseSubnet("10.1.2.3/32"), usedBy: "the name server 10.1.2.3 of this host", kind: "fixed" },
  ]);
  expect(parseNameServers("")).toEqual([]);
});

const OWNER: Owner = await currentOwner();

/** Returns an engine with these networks. No other request is possible. */
function engineWith(networks: readonly object[], sharesNetwork = false): Engine {
  const docker = { listNetworks: () => Promise.resolve(networks) };
  const location = { isOnThisMachine: true, sharesKernel: sharesNetwork, sharesNetwork };
  return { docker, location, owner: OWNER, traits: { forgetsIsolation: false } } as unknown as Engine;
}

test("lists the IPv4 subnets of the networks of the engine", async () => {
  const engine = engineWith([
    { Name: "bridge", IPAM: { Config: [{ Subnet: "172.17.0.0/16", Gateway: "172.17.0.1" }] } },
    { Name: "dual", IPAM: { Config: [{ Subnet: "fd00:7::/64" }, { Subnet: "10.7.0.0/24" }] } },
    { Name: "host", IPAM: { Config: null } },
    { Name: "none", IPAM: { Config: [] } },
    { Name: "odd", IPAM: { Config: [{}] } },
    { Name: "bare" },
  ]);
  expect(await listUsedSubnets(engine)).toEqual([
    {
      subnet: parseSubnet("172.17.0.0/16"),
      usedBy: 'the Docker network "bridge"',
      kind: "fixed",
      labels: {},
    },
    { subnet: parseSubnet("10.7.0.0/24"), usedBy: 'the Docker network "dual"', kind: "fixed", labels: {} },
  ]);
});

test("ignores the host bits in the subnet of a network", async () => {
  const engine = engineWith([{ Name: "typed", IPAM: { Config: [{ Subnet: "10.7.3.9/16" }] } }]);
  expect(await listUsedSubnets(engine)).toMatchObject([
    { subnet: parseSubnet("10.7.0.0/16"), usedBy: 'the Docker network "typed"' },
  ]);
});

test("lists the interfaces of the host if the engine shares its network namespace", async () => {
  const users = (await listUsedSubnets(engineWith([], true))).map(({ usedBy }) => usedBy);
  expect(users).toContain("the interface lo of this host");
  expect(await listUsedSubnets(engineWith([], false))).toEqual([]);
});

/** Returns the subnet of a network with these labels. */
function networkOf(labels: Readonly<Record<string, string>>): UsedSubnet {
  return { subnet: parseSubnet("10.7.0.0/24"), usedBy: 'the Docker network "n"', kind: "fixed", labels };
}

test("identifies the process of the network of a cluster, also if it has ended", async () => {
  const labels = { ...ownerLabels(OWNER), [CLUSTER_LABEL]: "n" };
  const process = `process ${OWNER.pid}, started in ${OWNER.project}`;
  const engine = engineWith([]);
  expect(await identifyUser(networkOf({}), engine)).toEqual({
    usedBy: 'the Docker network "n"',
    isOrphaned: false,
  });
  expect(await identifyUser(networkOf(labels), engine)).toEqual({
    usedBy: `the Docker network "n", a cluster of ${process}`,
    isOrphaned: false,
  });
  const ended = { ...ownerLabels({ ...OWNER, startedAt: "long ago" }), [CLUSTER_LABEL]: "n" };
  expect(await identifyUser(networkOf(ended), engine)).toEqual({
    usedBy: `the Docker network "n", an orphan of ${process}, which has ended`,
    isOrphaned: true,
  });
});
