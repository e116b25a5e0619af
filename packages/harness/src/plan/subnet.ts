import ipaddr from "ipaddr.js";

/** An IPv4 range, its ends as numbers so that ranges can be compared. */
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
   * `fixed`: nothing else can have the range. `route`: the host sends packets for the range somewhere. A cluster's network
   * inside the range has a more specific route, which the kernel prefers, so a wide route is avoided but not forbidden.
   */
  readonly kind: "fixed" | "route";
  /** The labels of the Docker network that has the range. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
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

/** Returns the 4 bytes of an IPv4 address or the 16 bytes of an IPv6 address, of which a zone is left out. */
export function addressBytes(address: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
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

export function overlaps(one: Range, other: Range): boolean {
  return one.first <= other.last && other.first <= one.last;
}

/** Returns the first of the taken ranges that forbids a subnet. */
export function findOverlap(subnet: Subnet, taken: readonly UsedSubnet[]): UsedSubnet | undefined {
  return taken.find((range) => overlaps(subnet, range.subnet) && !isAvoidable(range, subnet));
}

/**
 * A route of at most this prefix length is an aggregate, such as the one of a VPN for all of 10.0.0.0/8. A longer prefix
 * most likely is a network of its own, which becomes unreachable if a part of it is used for something else.
 */
const WIDE_PREFIX = 16;

/** Whether a range that overlaps the subnet is only a wide route, which the subnet's own more specific route overrides. */
function isAvoidable({ kind, subnet: range }: UsedSubnet, subnet: Range): boolean {
  return kind === "route" && range.prefix <= WIDE_PREFIX && range.prefix < subnet.prefix;
}

const SIZE_PREFIX = 24;

/**
 * Where free subnets are looked for, in this order. Docker's own default pools are all of 172.17 to 172.31 and 192.168
 * (`localScopeDefaultNetworks` in Docker's ipamutils), which it hands out in ascending order; clusters should neither run
 * out with them nor exhaust them. So a part of 10.0.0.0/8 comes first, and Docker's pools last and from their end, one
 * after the other. The rest of 10.0.0.0/8 comes after 172.16.0.0/16, because Kubernetes distributions use ranges in it
 * that no route shows.
 */
const POOLS: readonly Subnet[] = [
  ...["10.192.0.0/10", "172.16.0.0/16", "10.128.0.0/10", "10.0.0.0/9"].map(parseSubnet),
  ...Array.from({ length: 15 }, (_, index) => parseSubnet(`172.${31 - index}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, index) => parseSubnet(`192.168.${240 - 16 * index}.0/20`)),
];

/**
 * Yields all private /24 ranges that can be used: first those that nothing uses, then those that are only covered by wide
 * routes, the widest route first. In each pool the first one is at a place that `random` (0 ≤ x < 1) chooses, so that two
 * processes that look at the same moment rarely try the same one.
 */
export function* freeSubnets(taken: readonly UsedSubnet[], random: () => number): Generator<Subnet> {
  const start = random();
  /** What only wide routes cover, by the prefix of the narrowest of these. */
  const covered: Range[][] = [];
  for (const pool of POOLS) {
    const near = taken.filter(({ subnet }) => overlaps(subnet, pool));
    for (const part of partsOf(pool, start)) {
      const prefix = narrowestRoute(part, near);
      if (prefix === undefined) yield subnetAt(part.first, part.prefix);
      else if (prefix <= WIDE_PREFIX) (covered[prefix] ??= []).push(part);
    }
  }
  for (const { first, prefix } of covered.flat()) yield subnetAt(first, prefix);
}

type Range = Omit<Subnet, "cidr">;

/** Yields the /24 ranges of a pool, beginning at a fraction of it. */
function* partsOf(pool: Subnet, start: number): Generator<Range> {
  const size = 2 ** (32 - SIZE_PREFIX);
  const count = (pool.last - pool.first + 1) / size;
  const offset = Math.floor(start * count);
  for (let step = 0; step < count; step += 1) {
    const first = pool.first + ((offset + step) % count) * size;
    yield { prefix: SIZE_PREFIX, first, last: first + size - 1 };
  }
}

/**
 * Returns the longest prefix of the wide routes that cover a range: undefined if nothing overlaps the range, infinity if
 * something forbids it.
 */
function narrowestRoute(part: Range, taken: readonly UsedSubnet[]): number | undefined {
  let narrowest: number | undefined;
  for (const range of taken) {
    if (!overlaps(part, range.subnet)) continue;
    if (!isAvoidable(range, part)) return Number.POSITIVE_INFINITY;
    narrowest = Math.max(narrowest ?? 0, range.subnet.prefix);
  }
  return narrowest;
}
