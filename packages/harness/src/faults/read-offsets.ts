import { parseInfo } from "../view/parse-info.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";

/** How far each node is in the stream that it receives, by its name; -1 where it receives none or says nothing. */
export async function readOffsets(members: readonly ManagedNode[]): Promise<ReadonlyMap<string, number>> {
  const read = async ({ plan, connection }: ManagedNode): Promise<readonly [string, number]> => {
    const info = parseInfo(await connection.text("INFO", "replication").catch(() => ""));
    return [plan.name, Number(info.get("slave_repl_offset") ?? -1)];
  };
  return new Map(await Promise.all(members.map(read)));
}
