import ipaddr from "ipaddr.js";

/** An IPv4 range, its ends as numbers so that ranges can be compared. */
export interface Subnet {
  readonly cidr: string;
  readonly prefix: number;
  readonly first: number;
  readonly last: number;
}

/** A range that something on this machine or engine already uses, and who it is. */
export interface TakenRange {
  readonly subnet: Subnet;
  /** For people: `network "bridge"`, `route of eth0`. */
  readonly holder: string;
  /** It is a network of this library's whose owner is dead: a sweep removes it. */
  readonly orphan?: true;
}

export function addressToNumber(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
}

export function numberToAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

/** Reads `a.b.c.d/n`. Throws what is wrong with it as a plain sentence. */
export function parseSubnet(cidr: string): Subnet {
  const [address = "", bits = "", ...rest] = cidr.split("/");
  if (rest.length > 0 || !isAddress(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) {
    throw new TypeError('an IPv4 range in CIDR notation, such as "172.28.0.0/16"');
  }
  const subnet = subnetAt(addressToNumber(address), Number(bits));
  if (subnet.cidr !== `${address}/${Number(bits)}`) {
    throw new TypeError(`a range without host bits: did you mean "${subnet.cidr}"?`);
  }
  return subnet;
}

/** The range of the given size that holds an address. */
export function subnetAt(address: number, prefix: number): Subnet {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return { cidr: `${numberToAddress(first)}/${prefix}`, prefix, first, last: first + size - 1 };
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.first <= other.last && other.first <= one.last;
}

/** The first of the taken ranges that gets in the way of a subnet. */
export function findOverlap(subnet: Subnet, taken: readonly TakenRange[]): TakenRange | undefined {
  return taken.find((range) => overlaps(subnet, range.subnet));
}

/**
 * Where free subnets are looked for: a part of 10.0.0.0/8, because Docker's own default pools are all of
 * 172.17–172.31 and 192.168 (`localScopeDefaultNetworks` in Docker's ipamutils), and so never run out here or
 * are made to run out by us.
 */
const POOL: Subnet = subnetAt(addressToNumber("10.192.0.0"), 10);
const POOL_PREFIX = 24;

/**
 * All /24 ranges of the pool that nothing uses, starting at a place that `random` (0 ≤ x < 1) chooses, so that
 * two processes that look at the same moment rarely try the same one.
 */
export function* freeSubnets(taken: readonly TakenRange[], random: () => number): Generator<Subnet> {
  const size = 2 ** (32 - POOL_PREFIX);
  const count = (POOL.last - POOL.first + 1) / size;
  const start = Math.floor(random() * count);
  for (let step = 0; step < count; step += 1) {
    const subnet = subnetAt(POOL.first + ((start + step) % count) * size, POOL_PREFIX);
    if (findOverlap(subnet, taken) === undefined) yield subnet;
  }
}
