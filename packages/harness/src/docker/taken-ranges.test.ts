import { expect, test } from "vitest";
import { parseSubnet } from "../plan/subnet.ts";
import type { Engine } from "./engine.ts";
import { parseRoutes, takenRanges } from "./taken-ranges.ts";

const HEADING = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

/** /proc/net/route as Linux writes it: each line is filled up with blanks. */
function routeTable(...lines: readonly string[]): string {
  return [HEADING, ...lines].map((line) => `${line.padEnd(127)}\n`).join("");
}

test("the routes of a host are read with their interfaces", () => {
  const routes = parseRoutes(
    routeTable(
      "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
      "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0",
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
      "br-1f2e3d\t00001CAC\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0",
    ),
  );
  expect(routes).toEqual([
    { subnet: parseSubnet("192.168.1.0/24"), holder: "the route 192.168.1.0/24 of this host (eth0)" },
    { subnet: parseSubnet("172.17.0.0/16"), holder: "the route 172.17.0.0/16 of this host (docker0)" },
    { subnet: parseSubnet("172.16.0.0/12"), holder: "the route 172.16.0.0/12 of this host (br-1f2e3d)" },
  ]);
});

test("a route to a single host takes its address", () => {
  const routes = parseRoutes(routeTable("tun0\t07C0FF0A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0"));
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
  );
  expect(routes.map(({ subnet }) => subnet.cidr)).toEqual(["192.0.0.0/2"]);
});

test("a host without routes, or without the file, takes nothing", () => {
  expect(parseRoutes(routeTable())).toEqual([]);
  expect(parseRoutes("")).toEqual([]);
});

/** A remote engine, of which only the list of its networks is asked. */
function remoteEngine(networks: readonly object[]): Engine {
  const docker = { listNetworks: () => Promise.resolve(networks) };
  return { docker, local: false } as unknown as Engine;
}

test("the engine's networks take their IPv4 ranges, under their names", async () => {
  const engine = remoteEngine([
    { Name: "bridge", IPAM: { Config: [{ Subnet: "172.17.0.0/16", Gateway: "172.17.0.1" }] } },
    { Name: "dual", IPAM: { Config: [{ Subnet: "fd00:7::/64" }, { Subnet: "10.7.0.0/24" }] } },
    { Name: "host", IPAM: { Config: null } },
    { Name: "none", IPAM: { Config: [] } },
    { Name: "odd", IPAM: { Config: [{}] } },
    { Name: "bare" },
  ]);
  expect(await takenRanges(engine)).toEqual([
    { subnet: parseSubnet("172.17.0.0/16"), holder: 'the Docker network "bridge"' },
    { subnet: parseSubnet("10.7.0.0/24"), holder: 'the Docker network "dual"' },
  ]);
});

test("a network whose range was typed with host bits takes the whole range", async () => {
  const engine = remoteEngine([{ Name: "typed", IPAM: { Config: [{ Subnet: "10.7.3.9/16" }] } }]);
  expect(await takenRanges(engine)).toEqual([
    { subnet: parseSubnet("10.7.0.0/16"), holder: 'the Docker network "typed"' },
  ]);
});
