import { readFile } from "node:fs/promises";
import { RedisClusterError } from "../errors.ts";
import type { Engine } from "./engine.ts";

const SETTING = "net.ipv4.neigh.default.gc_thresh3";

/**
 * Compares what a cluster needs with the neighbour table. Linux has one table for the whole machine, network namespaces
 * included. Past its limit published ports stop answering (the kernel logs "neighbor table overflow"), so it is better
 * said before the start.
 *
 * @throws RedisClusterError HOST_LIMIT
 */
export async function checkNeighbourTable(engine: Engine, nodes: number): Promise<void> {
  if (!engine.place.sharesKernel) return;
  const text = await readFile(`/proc/sys/${SETTING.replaceAll(".", "/")}`, "utf8").catch(() => undefined);
  // Not Linux: the engine runs in a virtual machine whose settings are out of sight.
  if (text === undefined) return;
  refuseTooMany(nodes, Number(text));
}

/**
 * Refuses a number of nodes whose entries do not fit into the table.
 *
 * Each container has an entry for every other one and for the gateway, and the host has one for each container: read from
 * /proc/net/arp of every namespace, 42 for 6 nodes and 110 for 10. Entries for loopback and multicast come in addition,
 * n + 1 in all, but the kernel drops them if it needs room (`neigh_forced_gc` in net/core/neighbour.c).
 */
export function refuseTooMany(nodes: number, limit: number): void {
  const needed = entriesOf(nodes);
  if (needed <= limit) return;
  throw new RedisClusterError(
    "HOST_LIMIT",
    `${nodes} nodes need ${needed} entries in this host's neighbour table, which holds ${limit}; nothing was started. ` +
      `Raise it (sudo sysctl -w ${SETTING}=${Math.max(4 * needed, 8192)}) or take at most ${largestThatFits(limit)} nodes.`,
    { details: { nodes, needed, limit, setting: SETTING } },
  );
}

function entriesOf(nodes: number): number {
  return nodes * (nodes - 1) + 2 * nodes;
}

function largestThatFits(limit: number): number {
  return Math.floor((Math.sqrt(1 + 4 * limit) - 1) / 2);
}
