import { expect, test } from "vitest";
import { CLUSTER_LABEL, type Owner, ownerLabels } from "../cleanup/owner.ts";
import { currentOwner } from "../cleanup/current-owner.ts";
import { parseSubnet, type TakenRange } from "../plan/subnet.ts";
import type { Engine } from "./engine.ts";
import { holderOf, parseNameServers, parseRoutes, takenRanges } from "./taken-ranges.ts";

const HEADING = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

/** /proc/net/route as Linux writes it: each line is filled up with blanks. */
function routeTable(...lines: readonly string[]): string {
  return [HEADING, ...lines].map((line) => `${line.padEnd(127)}\n`).join("");
}

const noBridge = (): boolean => false;

test("the routes of a host are read with their interfaces, those of bridges as fixed", () => {
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
      holder: "the route 192.168.1.0/24 of this host (eth0)",
      kind: "route",
    },
    {
      subnet: parseSubnet("172.17.0.0/16"),
      holder: "the route 172.17.0.0/16 of this host (docker0)",
      kind: "fixed",
    },
    {
      subnet: parseSubnet("172.16.0.0/12"),
      holder: "the route 172.16.0.0/12 of this host (br-1f2e3d)",
      kind: "route",
    },
  ]);
});

test("a route to a single host takes its address", () => {
  const routes = parseRoutes(
    routeTable("tun0\t07C0FF0A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0"),
    noBridge,
  );
  expect(routes.map(({ subnet }) => subnet.cidr)).toEqual(["10.255.192.7/32"]);
});

test("default routes and their halves, which VPNs use, take nothing; a quarter does", () => {
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

test("a host without routes, or without the file, takes nothing", () => {
  expect(parseRoutes(routeTable(), noBridge)).toEqual([]);
  expect(parseRoutes("", noBridge)).toEqual([]);
});

test("a route that leads nowhere has no interface", () => {
  const blackhole = "*\t0000000A\t00000000\t0001\t0\t0\t5000\t000000FF\t0\t0\t0";
  const unreachable = "*\t000010AC\t00000000\t0201\t0\t0\t0\t0000F0FF\t0\t0\t0";
  expect(parseRoutes(routeTable(blackhole, unreachable), noBridge)).toEqual([
    {
      subnet: parseSubnet("10.0.0.0/8"),
      holder: "the route 10.0.0.0/8 of this host (which leads nowhere)",
      kind: "route",
    },
    {
      subnet: parseSubnet("172.16.0.0/12"),
      holder: "the route 172.16.0.0/12 of this host (which leads nowhere)",
      kind: "route",
    },
  ]);
});

test("the name servers of a host are taken, those that are IPv4 addresses", () => {
  const text =
    "# nameserver 10.0.0.1\nsearch corp\nnameserver 10.255.255.53\n nameserver\tfd00::53\n\tnameserver  10.1.2.3 \n";
  expect(parseNameServers(text)).toEqual([
    {
      subnet: parseSubnet("10.255.255.53/32"),
      holder: "the name server 10.255.255.53 of this host",
      kind: "fixed",
    },
    { subnet: parseSubnet("10.1.2.3/32"), holder: "the name server 10.1.2.3 of this host", kind: "fixed" },
  ]);
  expect(parseNameServers("")).toEqual([]);
});

const OWNER: Owner = await currentOwner();

/** An engine of which only the list of its networks is asked. */
function engineWith(networks: readonly object[], sharesNetwork = false): Engine {
  const docker = { listNetworks: () => Promise.resolve(networks) };
  const place = { onThisMachine: true, sharesKernel: sharesNetwork, sharesNetwork };
  return { docker, place, owner: OWNER } as unknown as Engine;
}

test("the engine's networks take their IPv4 ranges, under their names", async () => {
  const engine = engineWith([
    { Name: "bridge", IPAM: { Config: [{ Subnet: "172.17.0.0/16", Gateway: "172.17.0.1" }] } },
    { Name: "dual", IPAM: { Config: [{ Subnet: "fd00:7::/64" }, { Subnet: "10.7.0.0/24" }] } },
    { Name: "host", IPAM: { Config: null } },
    { Name: "none", IPAM: { Config: [] } },
    { Name: "odd", IPAM: { Config: [{}] } },
    { Name: "bare" },
  ]);
  expect(await takenRanges(engine)).toEqual([
    {
      subnet: parseSubnet("172.17.0.0/16"),
      holder: 'the Docker network "bridge"',
      kind: "fixed",
      labels: {},
    },
    { subnet: parseSubnet("10.7.0.0/24"), holder: 'the Docker network "dual"', kind: "fixed", labels: {} },
  ]);
});

test("a network whose range was typed with host bits takes the whole range", async () => {
  const engine = engineWith([{ Name: "typed", IPAM: { Config: [{ Subnet: "10.7.3.9/16" }] } }]);
  expect(await takenRanges(engine)).toMatchObject([
    { subnet: parseSubnet("10.7.0.0/16"), holder: 'the Docker network "typed"' },
  ]);
});

test("the host's interfaces count only if the engine shares the network namespace", async () => {
  const holders = (await takenRanges(engineWith([], true))).map(({ holder }) => holder);
  expect(holders).toContain("the interface lo of this host");
  expect(await takenRanges(engineWith([], false))).toEqual([]);
});

/** The range of a network with these labels. */
function networkOf(labels: Readonly<Record<string, string>>): TakenRange {
  return { subnet: parseSubnet("10.7.0.0/24"), holder: 'the Docker network "n"', kind: "fixed", labels };
}

test("the holder of a cluster's network is its process, dead or alive", async () => {
  const labels = { ...ownerLabels(OWNER), [CLUSTER_LABEL]: "n" };
  const process = `process ${OWNER.pid}, started in ${OWNER.project}`;
  const engine = engineWith([]);
  expect(await holderOf(networkOf({}), engine)).toEqual({
    holder: 'the Docker network "n"',
    orphan: false,
  });
  expect(await holderOf(networkOf(labels), engine)).toEqual({
    holder: `the Docker network "n", a cluster of ${process}`,
    orphan: false,
  });
  const dead = { ...ownerLabels({ ...OWNER, startedAt: "long ago" }), [CLUSTER_LABEL]: "n" };
  expect(await holderOf(networkOf(dead), engine)).toEqual({
    holder: `the Docker network "n", left behind by ${process}, which is dead`,
    orphan: true,
  });
});
