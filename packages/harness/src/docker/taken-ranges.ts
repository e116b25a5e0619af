import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { CLUSTER_LABEL, classifyOwner, parseOwner } from "../cleanup/owner.ts";
import { readProcessState } from "../cleanup/process-state.ts";
import { addressToNumber, isAddress, subnetAt, type TakenRange } from "../plan/subnet.ts";
import type { Engine } from "./engine.ts";

/**
 * Returns every IPv4 range that a network of the engine uses and, if the engine's networks are in the same network
 * namespace as this process, every range of an interface, a route or a name server of this host. The host's ranges say
 * nothing about an engine in a virtual machine (Docker Desktop) or in a namespace of its own (rootless Docker).
 */
export async function takenRanges(engine: Engine): Promise<readonly TakenRange[]> {
  const [networks, host] = await Promise.all([
    networkRanges(engine),
    engine.place.sharesNetwork ? hostRanges() : [],
  ]);
  // The engine's networks first: their routes are on this host as well, and the network's name says more.
  return [...networks, ...host];
}

async function networkRanges({ docker }: Engine): Promise<readonly TakenRange[]> {
  const networks = await docker.listNetworks();
  return networks.flatMap(({ Name, IPAM, Labels }) =>
    (IPAM?.Config ?? []).flatMap(({ Subnet }): readonly TakenRange[] => {
      const [address, prefix] = Subnet?.split("/") ?? [];
      if (address === undefined || !isAddress(address)) return [];
      // As somebody typed it: older engines keep host bits.
      const subnet = subnetOf(address, Number(prefix));
      return [{ subnet, holder: `the Docker network "${Name}"`, kind: "fixed", labels: Labels ?? {} }];
    }),
  );
}

/** Who has a range that a cluster wants. */
export interface Holder {
  /** For messages. Names the process if the range is the network of a cluster. */
  readonly holder: string;
  /** It is the network of a cluster whose process is dead: a sweep removes it. */
  readonly orphan: boolean;
}

/** Returns who has a range. Asks the system for the process if the range is the network of a cluster. */
export async function holderOf(range: TakenRange, engine: Engine): Promise<Holder> {
  const { holder, labels = {} } = range;
  if (labels[CLUSTER_LABEL] === undefined) return { holder, orphan: false };
  const owner = parseOwner(labels);
  const process =
    owner === undefined ? "another process" : `process ${owner.pid}, started in ${owner.project}`;
  const here = { ...engine.owner, hasEngine: engine.place.onThisMachine };
  const verdict = await classifyOwner(owner, here, readProcessState);
  return verdict === "orphan"
    ? { holder: `${holder}, left behind by ${process}, which is dead`, orphan: true }
    : { holder: `${holder}, a cluster of ${process}`, orphan: false };
}

async function hostRanges(): Promise<readonly TakenRange[]> {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, cidr }): readonly TakenRange[] => {
      const [address, prefix] = cidr?.split("/") ?? [];
      if (family !== "IPv4" || address === undefined) return [];
      const subnet = subnetOf(address, Number(prefix));
      return [{ subnet, holder: `the interface ${name} of this host`, kind: "fixed" }];
    }),
  );
  const [routes, resolvers] = await Promise.all(
    ["/proc/net/route", "/etc/resolv.conf"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  return [...interfaces, ...parseNameServers(resolvers ?? ""), ...parseRoutes(routes ?? "", isBridge)];
}

/** Node's list of interfaces leaves out a bridge that nothing is connected to; its route is still there. */
function isBridge(name: string): boolean {
  return existsSync(`/sys/class/net/${name}/bridge`);
}

function subnetOf(address: string, prefix: number): TakenRange["subnet"] {
  return subnetAt(addressToNumber(address), prefix);
}

/**
 * Reads the IPv4 name servers of an /etc/resolv.conf. A network that contains one would cut this host off from it, also if
 * only a wide route leads there. (Docker checks the same for its default pools: `CheckNameserverOverlaps`.)
 */
export function parseNameServers(text: string): readonly TakenRange[] {
  return [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].flatMap(
    ([, address = ""]): readonly TakenRange[] =>
      isAddress(address)
        ? [
            {
              subnet: subnetOf(address, 32),
              holder: `the name server ${address} of this host`,
              kind: "fixed",
            },
          ]
        : [],
  );
}

/**
 * Reads Linux' /proc/net/route: destination and mask are hexadecimal words in the host's byte order. Routes that lead
 * nowhere (blackhole, unreachable) are listed with the interface `*` (`fib_route_seq_show` in the kernel's fib_trie.c). A
 * default route, and the halves of one that VPNs like to use, cover everything and take nothing.
 *
 * @param isFixed whether an interface's routes are for its own network only.
 */
export function parseRoutes(text: string, isFixed: (name: string) => boolean): readonly TakenRange[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line): readonly TakenRange[] => {
      const [name, destination, , , , , , mask] = line.split(/\s+/);
      if (name === undefined || destination === undefined || mask === undefined) return [];
      const prefix = hexWord(mask).toString(2).replaceAll("0", "").length;
      if (prefix < 2) return [];
      const subnet = subnetAt(hexWord(destination), prefix);
      const by = name === "*" ? "which leads nowhere" : name;
      const holder = `the route ${subnet.cidr} of this host (${by})`;
      return [{ subnet, holder, kind: isFixed(name) ? "fixed" : "route" }];
    });
}

function hexWord(word: string): number {
  return Buffer.from(word, "hex").readUInt32LE();
}
