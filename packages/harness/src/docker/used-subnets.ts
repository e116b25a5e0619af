import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { CLUSTER_LABEL, classifyOwner, parseOwner } from "../cleanup/owner.ts";
import { readProcessState } from "../cleanup/process-state.ts";
import { listNetworks } from "../cleanup/read-networks.ts";
import { addressToNumber, isAddress, subnetAt, type UsedSubnet } from "../plan/subnet.ts";
import type { Engine } from "./engine.ts";

/**
 * Lists the IPv4 subnets in use: those of the networks of the engine and, if the engine's networks are in the same network
 * namespace as this process, those of the interfaces, routes and name servers of this host. The subnets of the host are not
 * relevant for an engine in a virtual machine (Docker Desktop) or in another network namespace (rootless Docker).
 */
export async function listUsedSubnets(engine: Engine): Promise<readonly UsedSubnet[]> {
  const [networks, host] = await Promise.all([
    readNetworkSubnets(engine),
    engine.location.sharesNetwork ? readHostSubnets() : [],
  ]);
  // The networks of the engine come first. Their routes are in the list too, but the name of a network is more useful.
  return [...networks, ...host];
}

async function readNetworkSubnets({ docker, traits }: Engine): Promise<readonly UsedSubnet[]> {
  const networks = await listNetworks(docker, traits, []);
  return networks.flatMap(({ name, subnets, labels }) =>
    subnets.flatMap((cidr): readonly UsedSubnet[] => {
      const [address = "", prefix] = cidr.split("/");
      if (!isAddress(address)) return [];
      // Older engines return the subnet as the user entered it, possibly with host bits.
      const subnet = subnetOf(address, Number(prefix));
      return [{ subnet, usedBy: `the Docker network "${name}"`, kind: "fixed", labels }];
    }),
  );
}

/** The user of a subnet that a cluster needs. */
export interface SubnetUser {
  /** What uses the subnet, for messages. It names the process if the subnet belongs to the network of a cluster. */
  readonly usedBy: string;
  /** True if the network belongs to a cluster whose process has ended, so that a sweep removes it. */
  readonly isOrphaned: boolean;
}

/** Identifies the user of a subnet. If the subnet belongs to the network of a cluster, reads the state of its process. */
export async function identifyUser(used: UsedSubnet, engine: Engine): Promise<SubnetUser> {
  const { usedBy, labels = {} } = used;
  if (labels[CLUSTER_LABEL] === undefined) return { usedBy, isOrphaned: false };
  const owner = parseOwner(labels);
  const process =
    owner === undefined ? "another process" : `process ${owner.pid}, started in ${owner.project}`;
  const here = { ...engine.owner, hasEngine: engine.location.isOnThisMachine };
  const state = await classifyOwner(owner, here, readProcessState);
  return state === "orphan"
    ? { usedBy: `${usedBy}, an orphan of ${process}, which has ended`, isOrphaned: true }
    : { usedBy: `${usedBy}, a cluster of ${process}`, isOrphaned: false };
}

async function readHostSubnets(): Promise<readonly UsedSubnet[]> {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, cidr }): readonly UsedSubnet[] => {
      const [address, prefix] = cidr?.split("/") ?? [];
      if (family !== "IPv4" || address === undefined) return [];
      const subnet = subnetOf(address, Number(prefix));
      return [{ subnet, usedBy: `the interface ${name} of this host`, kind: "fixed" }];
    }),
  );
  const [routes, resolvers] = await Promise.all(
    ["/proc/net/route", "/etc/resolv.conf"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  return [...interfaces, ...parseNameServers(resolvers ?? ""), ...parseRoutes(routes ?? "", isBridge)];
}

/** Returns true for a bridge. Node's list of interfaces omits a bridge without connections, but its route exists. */
function isBridge(name: string): boolean {
  return existsSync(`/sys/class/net/${name}/bridge`);
}

function subnetOf(address: string, prefix: number): UsedSubnet["subnet"] {
  return subnetAt(addressToNumber(address), prefix);
}

/**
 * Parses the IPv4 name servers of an /etc/resolv.conf. A network whose subnet contains a name server would make it unreachable
 * from this host, also if only a wide route leads to it. (Docker has the same check for its default pools:
 * `CheckNameserverOverlaps`.)
 */
export function parseNameServers(text: string): readonly UsedSubnet[] {
  return [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].flatMap(
    ([, address = ""]): readonly UsedSubnet[] =>
      isAddress(address)
        ? [
            {
              subnet: subnetOf(address, 32),
              usedBy: `the name server ${address} of this host`,
              kind: "fixed",
            },
          ]
        : [],
  );
}

/**
 * Parses the file /proc/net/route of Linux. Destination and mask are hexadecimal words in the byte order of the host. Routes
 * without a target (blackhole, unreachable) have the interface `*` (`fib_route_seq_show` in the kernel's fib_trie.c). Default
 * routes are omitted, and so are the two halves of a default route, which VPNs often use.
 *
 * @param isFixed returns true if all routes of an interface are for its own network.
 */
export function parseRoutes(text: string, isFixed: (name: string) => boolean): readonly UsedSubnet[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line): readonly UsedSubnet[] => {
      const [name, destination, , , , , , mask] = line.split(/\s+/);
      if (name === undefined || destination === undefined || mask === undefined) return [];
      const prefix = hexWord(mask).toString(2).replaceAll("0", "").length;
      if (prefix < 2) return [];
      const subnet = subnetAt(hexWord(destination), prefix);
      const target = name === "*" ? "blackhole or unreachable" : name;
      const usedBy = `the route ${subnet.cidr} of this host (${target})`;
      return [{ subnet, usedBy, kind: isFixed(name) ? "fixed" : "route" }];
    });
}

function hexWord(word: string): number {
  return Buffer.from(word, "hex").readUInt32LE();
}
