import { readFile } from "node:fs/promises";
import { RedisClusterError } from "../errors.ts";
import type { Engine } from "./engine.ts";

const SETTING = "net.ipv4.neigh.default.gc_thresh3";

/**
 * Checks that the neighbour table of the host is large enough for a cluster. Linux has one table for all network namespaces of
 * a machine. If it is full, published ports stop answering (the kernel logs "neighbor table overflow"). This check makes a
 * start fail with a clear message before that happens.
 *
 * @throws RedisClusterError HOST_LIMIT if the table is too small.
 */
export async function checkNeighbourTable(engine: Engine, nodes: number): Promise<void> {
  if (!engine.location.sharesKernel) return;
  const text = await readFile(`/proc/sys/${SETTING.replaceAll(".", "/")}`, "utf8").catch(() => undefined);
  // The file exists only on Linux. Elsewhere the engine runs in a virtual machine, whose settings cannot be read.
  if (text === undefined) return;
  checkEntries(nodes, Number(text));
}

/**
 * Checks that the entries of a number of nodes fit into the table.
 *
 * Each container has an entry for every other container and for the gateway, and the host has an entry for each container.
 * According to /proc/net/arp of all namespaces these are 42 entries for 6 nodes and 110 for 10. There are n + 1 additional
 * entries for loopback and multicast, but the kernel drops these if it needs space (`neigh_forced_gc` in net/core/neighbour.c).
 *
 * @param limit the maximum number of entries of the table.
 * @throws RedisClusterError HOST_LIMIT if the entries do not fit.
 */
export function checkEntries(nodes: number, limit: number): void {
  const needed = countEntries(nodes);
  if (needed <= limit) return;
  throw new RedisClusterError(
    "HOST_LIMIT",
    `${nodes} nodes need ${needed} entries in this host's neighbour table, which holds ${limit}; nothing was started. ` +
      `Raise it (sudo sysctl -w ${SETTING}=${Math.max(4 * needed, 8192)}) or use at most ${findMaxNodes(limit)} nodes.`,
    { details: { nodes, needed, limit, setting: SETTING } },
  );
}

function countEntries(nodes: number): number {
  return nodes * (nodes - 1) + 2 * nodes;
}

function findMaxNodes(limit: number): number {
  return Math.floor((Math.sqrt(1 + 4 * limit) - 1) / 2);
}
