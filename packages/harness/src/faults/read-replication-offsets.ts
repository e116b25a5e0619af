import { parseInfo } from "../view/parse-info.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";

/**
 * Reads the offset of each node in the replication stream that it receives. Returns the offsets by node name; -1 if a node
 * receives no stream or does not answer.
 */
export async function readReplicationOffsets(
  nodes: readonly ManagedNode[],
): Promise<ReadonlyMap<string, number>> {
  const read = async ({ plan, connection }: ManagedNode): Promise<readonly [string, number]> => {
    const info = parseInfo(await connection.text("INFO", "replication").catch(() => ""));
    return [plan.name, Number(info.get("slave_repl_offset") ?? -1)];
  };
  return new Map(await Promise.all(nodes.map(read)));
}
