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
/** Ranges in and around the private ones, small ones and large ones. */
const anyTaken: fc.Arbitrary<UsedSubnet> = fc
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

function taken(...ranges: readonly string[]): readonly UsedSubnet[] {
  return ranges.map((range) => ({
    subnet: parseSubnet(range),
    usedBy: `the owner of ${range}`,
    kind: "fixed",
  }));
}

function routes(...ranges: readonly string[]): readonly UsedSubnet[] {
  return taken(...ranges).map((range) => ({ ...range, kind: "route" }));
}

function firstFree(...ranges: readonly UsedSubnet[]): string | undefined {
  return freeSubnets(ranges, () => 0).next().value?.cidr;
}

test("a range is read with its ends", () => {
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
])("%j is no range, and the error shows what one looks like", (text) => {
  expect(() => parseSubnet(text)).toThrow(
    new TypeError('an IPv4 range in CIDR notation, such as "172.28.0.0/16"'),
  );
});

test.each([
  ["172.28.0.1/16", "172.28.0.0/16"],
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["192.168.1.129/25", "192.168.1.128/25"],
  ["255.255.255.255/1", "128.0.0.0/1"],
])("%s has host bits, and the error proposes %s", (text, meant) => {
  expect(() => parseSubnet(text)).toThrow(
    new TypeError(`a range without host bits: did you mean "${meant}"?`),
  );
});

test("every range that is written is read back as it was", () => {
  fc.assert(
    fc.property(anySubnet, (subnet) => {
      expect(parseSubnet(subnet.cidr)).toEqual(subnet);
    }),
  );
});

test("every address that is written is read back as it was", () => {
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
  "%j is no address",
  (text) => expect(isAddress(text)).toBe(false),
);

test("an address has 4 bytes, or 16 without its zone", () => {
  expect([...addressBytes("192.168.1.255")]).toEqual([192, 168, 1, 255]);
  expect(Buffer.from(addressBytes("fd00::a:1")).toString("hex")).toBe("fd0000000000000000000000000a0001");
  expect(addressBytes("fe80::1%eth0")).toEqual(addressBytes("fe80::1"));
});

test("ranges overlap where one holds an end of the other", () => {
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

test("the first range that forbids a subnet is found with what uses it", () => {
  const ranges = taken("10.0.0.0/8", "172.28.7.0/24", "172.28.0.0/14");
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
] as const)("a route to %s and the wanted subnet %s: %s forbids it", ([route, wanted, expected]) => {
  const conflict = findOverlap(parseSubnet(wanted), routes(route));
  expect(conflict === undefined ? "nothing" : "the route").toBe(expected);
});

test("a network as wide as any route forbids every subnet in it", () => {
  expect(findOverlap(parseSubnet("10.5.0.0/24"), taken("10.0.0.0/8"))).toBeDefined();
});

test("offers a /24 at a random place of 10.192.0.0/10 when nothing is taken", () => {
  const at = (random: number): string | undefined => freeSubnets([], () => random).next().value?.cidr;
  expect(at(0)).toBe("10.192.0.0/24");
  expect(at(0.5)).toBe("10.224.0.0/24");
  expect(at(1 - Number.EPSILON)).toBe("10.255.255.0/24");
});

test("offers every private /24 once, each pool from its random place on", () => {
  const all = [...freeSubnets([], () => 1 - Number.EPSILON)].map(({ cidr }) => cidr);
  expect(all.slice(0, 3)).toEqual(["10.255.255.0/24", "10.192.0.0/24", "10.192.1.0/24"]);
  expect(all[64 * 256 - 1]).toBe("10.255.254.0/24");
  expect(all[64 * 256]).toBe("172.16.255.0/24");
  expect(all.at(-1)).toBe("192.168.14.0/24");
  expect(new Set(all).size).toBe(all.length);
  expect(all).toHaveLength(256 * 256 + 16 * 256 + 256);
});

test("passes over a taken range, however small or large", () => {
  expect(firstFree(...taken("10.192.0.7/32"))).toBe("10.192.1.0/24");
  expect(firstFree(...taken("10.192.0.0/16", "10.193.0.0/25"))).toBe("10.193.1.0/24");
  expect(firstFree(...taken("10.192.0.0/11"))).toBe("10.224.0.0/24");
});

test.for([
  ["10.0.0.0/8", "172.16.0.0/24"],
  ["8.0.0.0/5", "172.16.0.0/24"],
  ["10.192.0.0/10", "172.16.0.0/24"],
])("leaves 10.0.0.0/8 when a VPN routes %s", ([route, expected]) => {
  expect(firstFree(...routes(route as string))).toBe(expected);
  expect(firstFree(...taken(route as string))).toBe(expected);
});

test("takes Docker's default pools last, and from their end", () => {
  const rest = taken("10.0.0.0/8", "172.16.0.0/16");
  expect(firstFree(...rest)).toBe("172.31.0.0/24");
  expect(firstFree(...rest, ...taken("172.31.0.0/16"))).toBe("172.30.0.0/24");
  expect(firstFree(...rest, ...taken("172.16.0.0/12"))).toBe("192.168.240.0/24");
});

test("offers what only wide routes cover when they cover everything, the widest first", () => {
  const everything = routes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16");
  expect(firstFree(...everything)).toBe("10.192.0.0/24");
  expect(firstFree(...everything, ...routes("10.192.0.0/12"))).toBe("10.208.0.0/24");
  expect([...freeSubnets(everything, () => 0.3)]).toHaveLength(256 * 256 + 16 * 256 + 256);
});

test("never offers a network, an interface or a narrow route inside a wide route", () => {
  const everything = routes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16");
  expect(firstFree(...everything, ...taken("10.192.0.0/16"))).toBe("10.193.0.0/24");
  expect(firstFree(...everything, ...routes("10.192.0.0/17"))).toBe("10.192.128.0/24");
});

test("offers nothing when networks have everything", () => {
  expect([...freeSubnets(taken("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"), () => 0.3)]).toEqual([]);
});

test("offers every range that nothing forbids, and those that nothing covers first", {
  timeout: 60_000,
}, () => {
  // Every 13th: all of them would take seconds.
  const some = (subnets: Iterable<Subnet>): readonly Subnet[] =>
    [...subnets].filter((_, index) => index % 13 === 0);
  const sample = some(freeSubnets([], () => 0));
  fc.assert(
    fc.property(
      fc.array(anyTaken, { maxLength: 6 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (ranges, random) => {
        const offered = [...freeSubnets(ranges, () => random)];
        const firsts = new Set(offered.map(({ first }) => first));
        expect(firsts.size).toBe(offered.length);
        const isForbidden = (subnet: Subnet): boolean => findOverlap(subnet, ranges) !== undefined;
        expect(sample.filter((subnet) => firsts.has(subnet.first) === isForbidden(subnet))).toEqual([]);
        const isCovered = some(offered).map((subnet) =>
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
