import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addressBytes,
  addressToNumber,
  findOverlap,
  freeSubnets,
  isAddress,
  numberToAddress,
  overlaps,
  parseSubnet,
  type Subnet,
  subnetAt,
  type UsedSubnet,
} from "./subnet.ts";

const anyAddress: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const anySubnet: fc.Arbitrary<Subnet> = fc
  .tuple(anyAddress, fc.integer({ min: 0, max: 32 }))
  .map(([address, prefix]) => subnetAt(address, prefix));
/** Small and large ranges in and near the private ranges. */
const anyUsed: fc.Arbitrary<UsedSubnet> = fc
  .tuple(
    fc.oneof(
      fc.integer({ min: addressToNumber("10.0.0.0"), max: addressToNumber("11.255.255.255") }),
      fc.integer({ min: addressToNumber("172.10.0.0"), max: addressToNumber("172.40.255.255") }),
      fc.integer({ min: addressToNumber("192.168.0.0"), max: addressToNumber("192.168.255.255") }),
    ),
    fc.integer({ min: 5, max: 32 }),
    fc.constantFrom("fixed" as const, "route" as const),
  )
  .map(([address, prefix, kind]) => ({ subnet: subnetAt(address, prefix), usedBy: "another", kind }));

function networks(...ranges: readonly string[]): readonly UsedSubnet[] {
  return ranges.map((range) => ({
    subnet: parseSubnet(range),
    usedBy: `the owner of ${range}`,
    kind: "fixed",
  }));
}

function routes(...ranges: readonly string[]): readonly UsedSubnet[] {
  return networks(...ranges).map((range) => ({ ...range, kind: "route" }));
}

function firstFree(...ranges: readonly UsedSubnet[]): string | undefined {
  return freeSubnets(ranges, () => 0).next().value?.cidr;
}

test("parseSubnet returns the prefix and the first and last address", () => {
  expect(parseSubnet("172.28.0.0/16")).toEqual({
    cidr: "172.28.0.0/16",
    prefix: 16,
    first: addressToNumber("172.28.0.0"),
    last: addressToNumber("172.28.255.255"),
  });
  expect(parseSubnet("192.168.7.3/32")).toMatchObject({ cidr: "192.168.7.3/32", prefix: 32 });
  expect(parseSubnet("0.0.0.0/0")).toMatchObject({ first: 0, last: 2 ** 32 - 1 });
});

test.each([
  "",
  "172.28.0.0",
  "172.28.0.0/",
  "172.28.0.0/33",
  "172.28.0.0/-1",
  "172.28.0.0/1e1",
  "172.28.0.0/16/16",
  "172.28.0/16",
  "172.28.0.256/16",
  "172.28.0.00/16",
  "0xac.28.0.0/16",
  " 172.28.0.0/16",
  "172.28.0.0/16 ",
  "2001:db8::/64",
  "localhost/16",
])("parseSubnet rejects %j with an example", (text) => {
  expect(() => parseSubnet(text)).toThrow(
    new TypeError('an IPv4 range in CIDR notation, such as "172.28.0.0/16"'),
  );
});

test.each([
  ["172.28.0.1/16", "172.28.0.0/16"],
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["192.168.1.129/25", "192.168.1.128/25"],
  ["255.255.255.255/1", "128.0.0.0/1"],
])("parseSubnet rejects %s and proposes %s", (text, meant) => {
  expect(() => parseSubnet(text)).toThrow(
    new TypeError(`a range without host bits: did you mean "${meant}"?`),
  );
});

test("parseSubnet parses every formatted range", () => {
  fc.assert(
    fc.property(anySubnet, (subnet) => {
      expect(parseSubnet(subnet.cidr)).toEqual(subnet);
    }),
  );
});

test("addressToNumber converts every formatted address", () => {
  expect(numberToAddress(addressToNumber("255.128.0.1"))).toBe("255.128.0.1");
  fc.assert(
    fc.property(anyAddress, (address) => {
      const text = numberToAddress(address);
      expect(isAddress(text)).toBe(true);
      expect(addressToNumber(text)).toBe(address);
    }),
  );
});

test.each(["1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "0x1.2.3.4", "16909060", "", "::1", "1.2.3.4\n"])(
  "isAddress returns false for %j",
  (text) => expect(isAddress(text)).toBe(false),
);

test("addressBytes returns 4 bytes, or 16 bytes without the zone for IPv6", () => {
  expect([...addressBytes("192.168.1.255")]).toEqual([192, 168, 1, 255]);
  expect(Buffer.from(addressBytes("fd00::a:1")).toString("hex")).toBe("fd0000000000000000000000000a0001");
  expect(addressBytes("fe80::1%eth0")).toEqual(addressBytes("fe80::1"));
});

test("overlaps returns true if two ranges have an address in common", () => {
  const subnet = parseSubnet("172.28.0.0/16");
  for (const other of ["172.28.0.0/16", "172.28.255.255/32", "172.28.0.0/32", "172.16.0.0/12", "0.0.0.0/0"]) {
    expect(overlaps(subnet, parseSubnet(other)), other).toBe(true);
    expect(overlaps(parseSubnet(other), subnet), other).toBe(true);
  }
  for (const other of [
    "172.27.0.0/16",
    "172.29.0.0/16",
    "172.27.255.255/32",
    "172.29.0.0/32",
    "10.0.0.0/8",
  ]) {
    expect(overlaps(subnet, parseSubnet(other)), other).toBe(false);
    expect(overlaps(parseSubnet(other), subnet), other).toBe(false);
  }
});

test("findOverlap returns the first used range that overlaps a subnet", () => {
  const ranges = networks("10.0.0.0/8", "172.28.7.0/24", "172.28.0.0/14");
  expect(findOverlap(parseSubnet("172.28.0.0/16"), ranges)).toMatchObject({
    usedBy: "the owner of 172.28.7.0/24",
  });
  expect(findOverlap(parseSubnet("192.168.0.0/16"), ranges)).toBeUndefined();
});

test.for([
  ["10.0.0.0/8", "10.5.0.0/24", "nothing"],
  ["8.0.0.0/5", "10.5.0.0/16", "nothing"],
  ["10.5.0.0/16", "10.5.3.0/24", "nothing"],
  ["10.0.0.0/8", "10.0.0.0/8", "the route"],
  ["10.5.0.0/16", "10.0.0.0/8", "the route"],
  ["10.5.0.0/17", "10.5.3.0/24", "the route"],
  ["10.5.3.7/32", "10.5.3.0/24", "the route"],
] as const)("with a route to %s and the subnet %s, findOverlap returns %s", ([route, subnet, expected]) => {
  const conflict = findOverlap(parseSubnet(subnet), routes(route));
  expect(conflict === undefined ? "nothing" : "the route").toBe(expected);
});

test("findOverlap returns a network however wide it is", () => {
  expect(findOverlap(parseSubnet("10.5.0.0/24"), networks("10.0.0.0/8"))).toBeDefined();
});

test("offers a /24 at a random position of 10.192.0.0/10 if nothing is used", () => {
  const at = (random: number): string | undefined => freeSubnets([], () => random).next().value?.cidr;
  expect(at(0)).toBe("10.192.0.0/24");
  expect(at(0.5)).toBe("10.224.0.0/24");
  expect(at(1 - Number.EPSILON)).toBe("10.255.255.0/24");
});

test("offers every private /24 once, each pool from a random position", () => {
  const all = [...freeSubnets([], () => 1 - Number.EPSILON)].map(({ cidr }) => cidr);
  expect(all.slice(0, 3)).toEqual(["10.255.255.0/24", "10.192.0.0/24", "10.192.1.0/24"]);
  expect(all[64 * 256 - 1]).toBe("10.255.254.0/24");
  expect(all[64 * 256]).toBe("172.16.255.0/24");
  expect(all.at(-1)).toBe("192.168.14.0/24");
  expect(new Set(all).size).toBe(all.length);
  expect(all).toHaveLength(256 * 256 + 16 * 256 + 256);
});

test("skips small and large used ranges", () => {
  expect(firstFree(...networks("10.192.0.7/32"))).toBe("10.192.1.0/24");
  expect(firstFree(...networks("10.192.0.0/16", "10.193.0.0/25"))).toBe("10.193.1.0/24");
  expect(firstFree(...networks("10.192.0.0/11"))).toBe("10.224.0.0/24");
});

test.for([
  ["10.0.0.0/8", "172.16.0.0/24"],
  ["8.0.0.0/5", "172.16.0.0/24"],
  ["10.192.0.0/10", "172.16.0.0/24"],
])("does not use 10.0.0.0/8 if a VPN has a route to %s", ([route, expected]) => {
  expect(firstFree(...routes(route as string))).toBe(expected);
  expect(firstFree(...networks(route as string))).toBe(expected);
});

test("uses the default pools of Docker last, in descending order", () => {
  const rest = networks("10.0.0.0/8", "172.16.0.0/16");
  expect(firstFree(...rest)).toBe("172.31.0.0/24");
  expect(firstFree(...rest, ...networks("172.31.0.0/16"))).toBe("172.30.0.0/24");
  expect(firstFree(...rest, ...networks("172.16.0.0/12"))).toBe("192.168.240.0/24");
});

test("offers ranges that wide routes cover if nothing else is free, widest route first", () => {
  const everything = routes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16");
  expect(firstFree(...everything)).toBe("10.192.0.0/24");
  expect(firstFree(...everything, ...routes("10.192.0.0/12"))).toBe("10.208.0.0/24");
  expect([...freeSubnets(everything, () => 0.3)]).toHaveLength(256 * 256 + 16 * 256 + 256);
});

test("skips networks and narrow routes inside a wide route", () => {
  const everything = routes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16");
  expect(firstFree(...everything, ...networks("10.192.0.0/16"))).toBe("10.193.0.0/24");
  expect(firstFree(...everything, ...routes("10.192.0.0/17"))).toBe("10.192.128.0/24");
});

test("offers nothing if networks use all private ranges", () => {
  expect([...freeSubnets(networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"), () => 0.3)]).toEqual([]);
});

test("offers every allowed range, and uncovered ranges first", {
  timeout: 60_000,
}, () => {
  // Every 13th range, because a test of all ranges would take seconds.
  const sampleOf = (subnets: Iterable<Subnet>): readonly Subnet[] =>
    [...subnets].filter((_, index) => index % 13 === 0);
  const sample = sampleOf(freeSubnets([], () => 0));
  fc.assert(
    fc.property(
      fc.array(anyUsed, { maxLength: 6 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (ranges, random) => {
        const offered = [...freeSubnets(ranges, () => random)];
        const firsts = new Set(offered.map(({ first }) => first));
        expect(firsts.size).toBe(offered.length);
        const isForbidden = (subnet: Subnet): boolean => findOverlap(subnet, ranges) !== undefined;
        expect(sample.filter((subnet) => firsts.has(subnet.first) === isForbidden(subnet))).toEqual([]);
        const isCovered = sampleOf(offered).map((subnet) =>
          ranges.some((range) => overlaps(subnet, range.subnet)),
        );
        expect(isCovered.lastIndexOf(false)).toBeLessThan(
          isCovered.includes(true) ? isCovered.indexOf(true) : Infinity,
        );
      },
    ),
    { numRuns: 5 },
  );
});
