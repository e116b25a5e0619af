import { readFile } from "node:fs/promises";
import { RedisClusterError } from "../errors.ts";
import type { Engine } from "./engine.ts";

const SETTING = "net.ipv4.neigh.default.gc_thresh3";

/**
 * Every container keeps an entry for every other in the neighbour table, and Linux has one table for the whole
 * machine, network namespaces included. Past its limit published ports stop answering (the kernel logs "neighbor
 * table overflow"), so it is better said before the start.
 *
 * @throws RedisClusterError HOST_LIMIT
 */
export async function checkNeighbourTable(engine: Engine, nodes: number): Promise<void> {
  if (!engine.local || engine.client.info.containerRuntime.operatingSystem.includes("Docker Desktop")) return;
  const text = await readFile(`/proc/sys/${SETTING.replaceAll(".", "/")}`, "utf8").catch(() => undefined);
  // Not Linux: the engine runs in a virtual machine whose settings are out of sight.
  if (text === undefined) return;
  refuseTooMany(nodes, Number(text));
}

/** Compares the entries that so many nodes need with the size of the table. */
export function refuseTooMany(nodes: number, limit: number): void {
  const needed = nodes * (nodes - 1);
  if (needed <= limit) return;
  throw new RedisClusterError(
    "HOST_LIMIT",
    `${nodes} nodes need ${needed} entries in this host's neighbour table, which holds ${limit}; nothing was started. ` +
      `Raise it (sudo sysctl -w ${SETTING}=${Math.max(4 * needed, 8192)}) or take at most ${largestThatFits(limit)} nodes.`,
    { details: { nodes, needed, limit, setting: SETTING } },
  );
}

function largestThatFits(limit: number): number {
  return Math.floor((1 + Math.sqrt(1 + 4 * limit)) / 2);
}
