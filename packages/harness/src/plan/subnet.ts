import ipaddr from "ipaddr.js";

/** An IPv4 range. Its first and its last address are numbers, so that ranges can be compared. */
export interface Subnet {
  readonly cidr: string;
  readonly prefix: number;
  readonly first: number;
  readonly last: number;
}

/** A subnet that is in use on this host or on the engine. */
export interface UsedSubnet {
  readonly subnet: Subnet;
  /** What uses the subnet, for messages: `the Docker network "bridge"`, `the interface eth0 of this host`. */
  readonly usedBy: string;
  /**
   * `fixed`: no other network can have the range. `route`: the host has a route for the range. The network of a cluster inside
   * the range has a more specific route, which the kernel prefers. Thus wide routes are avoided but allowed.
   */
  readonly kind: "fixed" | "route";
  /** The labels of the Docker network that has the range. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Converts an IPv4 address to a number. */
export function addressToNumber(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Converts a number to an IPv4 address. */
export function numberToAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** Returns whether a text is an IPv4 address with four decimal parts. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

/** Returns the 4 bytes of an IPv4 address or the 16 bytes of an IPv6 address. The zone of an IPv6 address is ignored. */
export function addressBytes(address: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}

/**
 * Parses a range in CIDR notation.
 *
 * @throws TypeError if the text is invalid. Its message completes "expected …".
 */
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

/** Returns the range with a prefix length that contains an address. */
export function subnetAt(address: number, prefix: number): Subnet {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return { cidr: `${numberToAddress(first)}/${prefix}`, prefix, first, last: first + size - 1 };
}

/** Returns whether two ranges have an address in common. */
export function overlaps(one: Range, other: Range): boolean {
  return one.first <= other.last && other.first <= one.last;
}

/** Returns the first used range that prevents a network with this subnet. */
export function findOverlap(subnet: Subnet, used: readonly UsedSubnet[]): UsedSubnet | undefined {
  return used.find((range) => overlaps(subnet, range.subnet) && !isAvoidable(range, subnet));
}

/**
 * The maximum prefix length of a wide route, such as the route of a VPN for all of 10.0.0.0/8. A route with a longer prefix most
 * likely belongs to a single network, which becomes unreachable if a part of its range is used for a cluster.
 */
const MAX_WIDE_PREFIX = 16;

/** Returns whether a range is only a wide route, which the more specific route of the subnet overrides. */
function isAvoidable({ kind, subnet: range }: UsedSubnet, subnet: Range): boolean {
  return kind === "route" && range.prefix <= MAX_WIDE_PREFIX && range.prefix < subnet.prefix;
}

/** The prefix length of the subnets that this library chooses. */
const SUBNET_PREFIX = 24;

/**
 * The pools from which subnets are chosen, in this order. The default pools of Docker are 172.17.0.0/16 to 172.31.0.0/16 and
 * 192.168.0.0/16 (`localScopeDefaultNetworks` in Docker's ipamutils), which it uses in ascending order. Clusters should find a
 * subnet even if these pools are exhausted, and should not exhaust them. Thus a part of 10.0.0.0/8 comes first, and the pools of
 * Docker come last, in descending order. The rest of 10.0.0.0/8 comes after 172.16.0.0/16, because Kubernetes distributions use
 * ranges in it for which the host has no routes.
 */
const POOLS: readonly Subnet[] = [
  ...["10.192.0.0/10", "172.16.0.0/16", "10.128.0.0/10", "10.0.0.0/9"].map(parseSubnet),
  ...Array.from({ length: 15 }, (_, index) => parseSubnet(`172.${31 - index}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, index) => parseSubnet(`192.168.${240 - 16 * index}.0/20`)),
];

/**
 * Yields all private /24 ranges that can be used. First come the unused ranges, then the ranges that only wide routes cover,
 * those with the widest route first. Each pool starts at a random position, so that two processes that choose a subnet at the
 * same time rarely try the same one.
 *
 * @param random returns a number from 0 to below 1.
 */
export function* freeSubnets(used: readonly UsedSubnet[], random: () => number): Generator<Subnet> {
  const start = random();
  /** The ranges that only wide routes cover, by the prefix of the narrowest of these routes. */
  const covered: Range[][] = [];
  for (const pool of POOLS) {
    const usedInPool = used.filter(({ subnet }) => overlaps(subnet, pool));
    for (const part of partsOf(pool, start)) {
      const prefix = findNarrowestRoute(part, usedInPool);
      if (prefix === undefined) yield subnetAt(part.first, part.prefix);
      else if (prefix <= MAX_WIDE_PREFIX) (covered[prefix] ??= []).push(part);
    }
  }
  for (const { first, prefix } of covered.flat()) yield subnetAt(first, prefix);
}

type Range = Omit<Subnet, "cidr">;

/** Yields the /24 ranges of a pool, starting at a fraction of it: 0.5 starts in the middle. */
function* partsOf(pool: Subnet, start: number): Generator<Range> {
  const size = 2 ** (32 - SUBNET_PREFIX);
  const count = (pool.last - pool.first + 1) / size;
  const offset = Math.floor(start * count);
  for (let step = 0; step < count; step += 1) {
    const first = pool.first + ((offset + step) % count) * size;
    yield { prefix: SUBNET_PREFIX, first, last: first + size - 1 };
  }
}

/**
 * Returns the longest prefix of the wide routes that cover a range. Returns undefined if no used range overlaps it, and infinity
 * if a used range prevents a network there.
 */
function findNarrowestRoute(part: Range, used: readonly UsedSubnet[]): number | undefined {
  let narrowest: number | undefined;
  for (const range of used) {
    if (!overlaps(part, range.subnet)) continue;
    if (!isAvoidable(range, part)) return Number.POSITIVE_INFINITY;
    narrowest = Math.max(narrowest ?? 0, range.subnet.prefix);
  }
  return narrowest;
}
