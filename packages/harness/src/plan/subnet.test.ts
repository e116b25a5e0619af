import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addressToNumber,
  findOverlap,
  freeSubnets,
  isAddress,
  numberToAddress,
  overlaps,
  parseSubnet,
  type Subnet,
  subnetAt,
  type TakenRange,
} from "./subnet.ts";

const anyAddress: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const anySubnet: fc.Arbitrary<Subnet> = fc
  .tuple(anyAddress, fc.integer({ min: 0, max: 32 }))
  .map(([address, prefix]) => subnetAt(address, prefix));
/** Ranges in and around the part of 10.0.0.0/8 in which free ones are looked for, small ones and large ones. */
const anyTaken: fc.Arbitrary<TakenRange> = fc
  .tuple(
    fc.integer({ min: addressToNumber("10.180.0.0"), max: addressToNumber("10.255.255.255") }),
    fc.integer({ min: 9, max: 32 }),
  )
  .map(([address, prefix]) => ({ subnet: subnetAt(address, prefix), holder: "somebody" }));

function taken(...ranges: readonly string[]): readonly TakenRange[] {
  return ranges.map((range) => ({ subnet: parseSubnet(range), holder: `the owner of ${range}` }));
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

test("the first range in the way is found with its holder", () => {
  const ranges = taken("10.0.0.0/8", "172.28.7.0/24", "172.28.0.0/14");
  expect(findOverlap(parseSubnet("172.28.0.0/16"), ranges)).toMatchObject({
    holder: "the owner of 172.28.7.0/24",
  });
  expect(findOverlap(parseSubnet("192.168.0.0/16"), ranges)).toBeUndefined();
});

test("where nothing is taken, a free range is a /24 of the pool at the place that chance chose", () => {
  const at = (random: number): string | undefined => freeSubnets([], () => random).next().value?.cidr;
  expect(at(0)).toBe("10.192.0.0/24");
  expect(at(0.5)).toBe("10.224.0.0/24");
  expect(at(1 - Number.EPSILON)).toBe("10.255.255.0/24");
});

test("the search goes on after the pool's end at its beginning, and offers everything once", () => {
  const all = [...freeSubnets([], () => 1 - Number.EPSILON)].map(({ cidr }) => cidr);
  expect(all.slice(0, 3)).toEqual(["10.255.255.0/24", "10.192.0.0/24", "10.192.1.0/24"]);
  expect(all.at(-1)).toBe("10.255.254.0/24");
  expect(new Set(all).size).toBe(all.length);
  expect(all).toHaveLength(64 * 256);
});

test("a taken range is passed over, however small or large it is", () => {
  const next = (...ranges: readonly string[]): string | undefined =>
    freeSubnets(taken(...ranges), () => 0).next().value?.cidr;
  expect(next("10.192.0.7/32")).toBe("10.192.1.0/24");
  expect(next("10.192.0.0/16", "10.193.0.0/25")).toBe("10.193.1.0/24");
  expect(next("10.192.0.0/11")).toBe("10.224.0.0/24");
});

test("where everything is taken, nothing is offered", () => {
  expect([...freeSubnets(taken("10.0.0.0/8"), () => 0.3)]).toEqual([]);
});

test("no offer overlaps a taken range, and none is left out", () => {
  fc.assert(
    fc.property(
      fc.array(anyTaken, { maxLength: 6 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (ranges, random) => {
        const offered = [...freeSubnets(ranges, () => random)];
        expect(offered.filter((subnet) => findOverlap(subnet, ranges) !== undefined)).toEqual([]);
        const free = [...freeSubnets([], () => 0)].filter(
          (subnet) => !ranges.some((range) => overlaps(subnet, range.subnet)),
        );
        expect(offered.map(({ first }) => first).toSorted((a, b) => a - b)).toEqual(
          free.map(({ first }) => first),
        );
      },
    ),
    { numRuns: 15 },
  );
});
