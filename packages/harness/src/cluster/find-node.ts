import { RedisClusterError } from "../errors.ts";
import type { ManagedNode } from "./managed-node.ts";

/** Returns the node with a name. @throws RedisClusterError UNKNOWN_NODE if no node has the name. */
export function findNode(nodes: readonly ManagedNode[], name: string): ManagedNode {
  const found = nodes.find(({ plan }) => plan.name === name);
  if (found !== undefined) return found;
  const expected = nodes.length === 1 ? "node-0, the only node" : `one of node-0 to node-${nodes.length - 1}`;
  throw new RedisClusterError(
    "UNKNOWN_NODE",
    `Unknown node: expected ${expected}, got ${JSON.stringify(name)}.`,
    { details: { name } },
  );
}
