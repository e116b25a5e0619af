import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { CLUSTER_LABEL, judgeOwner, parseOwner } from "../ownership/owner.ts";
import { processState } from "../ownership/process-state.ts";
import { addressToNumber, isAddress, numberToAddress, subnetAt, type TakenRange } from "../plan/subnet.ts";
import type { Engine } from "./engine.ts";

/** Every IPv4 range that a network of the engine or, where the engine is local, a route of this host uses. */
export async function takenRanges(engine: Engine): Promise<readonly TakenRange[]> {
  const [networks, routes] = await Promise.all([networkRanges(engine), engine.local ? hostRanges() : []]);
  // The engine's networks first: their routes are on this host as well, and the network's name says more.
  return [...networks, ...routes];
}

async function networkRanges(engine: Engine): Promise<readonly TakenRange[]> {
  const networks = await engine.docker.listNetworks();
  const ranges = await Promise.all(
    networks.map(async ({ Name, IPAM, Labels }) => {
      const who = await ownerOf(Labels ?? {}, engine);
      return (IPAM?.Config ?? []).flatMap(({ Subnet }): readonly TakenRange[] => {
        const [address, prefix] = Subnet?.split("/") ?? [];
        if (address === undefined || !isAddress(address)) return [];
        // As somebody typed it: older engines keep host bits.
        const subnet = subnetOf(address, Number(prefix));
        return [{ ...who, subnet, holder: `the Docker network "${Name}"${who.holder}` }];
      });
    }),
  );
  return ranges.flat();
}

/** Whose a network is, where this library made it. */
async function ownerOf(
  labels: Readonly<Record<string, string>>,
  engine: Engine,
): Promise<Omit<TakenRange, "subnet">> {
  if (labels[CLUSTER_LABEL] === undefined) return { holder: "" };
  const owner = parseOwner(labels);
  const process =
    owner === undefined ? "another process" : `process ${owner.pid}, started in ${owner.project}`;
  return (await judgeOwner(owner, engine.owner, processState)) === "orphan"
    ? { holder: `, left behind by ${process}, which is dead`, orphan: true }
    : { holder: `, a cluster of ${process}` };
}

async function hostRanges(): Promise<readonly TakenRange[]> {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, cidr }) => {
      const [address, prefix] = cidr?.split("/") ?? [];
      if (family !== "IPv4" || address === undefined) return [];
      return [{ subnet: subnetOf(address, Number(prefix)), holder: `the interface ${name} of this host` }];
    }),
  );
  const routes = await readFile("/proc/net/route", "utf8").catch(() => "");
  return [...interfaces, ...parseRoutes(routes)];
}

function subnetOf(address: string, prefix: number): TakenRange["subnet"] {
  return subnetAt(addressToNumber(address), prefix);
}

/**
 * Reads Linux' /proc/net/route: destination and mask are hexadecimal words in the host's byte order. A default
 * route, and the halves of one that VPNs like to use, cover everything and take nothing.
 */
export function parseRoutes(text: string): readonly TakenRange[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [name, destination, , , , , , mask] = line.split(/\s+/);
      if (name === undefined || destination === undefined || mask === undefined) return [];
      const prefix = hexWord(mask).toString(2).replaceAll("0", "").length;
      if (prefix < 2) return [];
      const subnet = subnetAt(hexWord(destination), prefix);
      return [
        { subnet, holder: `the route ${numberToAddress(subnet.first)}/${prefix} of this host (${name})` },
      ];
    });
}

function hexWord(word: string): number {
  return Buffer.from(word, "hex").readUInt32LE();
}
