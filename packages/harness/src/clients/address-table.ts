import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";

/**
 * The live map from a node's network address, which Redis announces to clients, to its mapped address on the host.
 * Docker gives a restarted container a new host port unless the port was fixed, so whoever reconnects has to look
 * here again instead of keeping what it was told first.
 */
export class AddressTable {
  readonly #mapped = new Map<string, HostAndPort>();

  /** Enters where a node is published now. */
  set(node: NodePlan, mapped: HostAndPort): void {
    this.#mapped.set(`${node.address}:${node.port}`, mapped);
  }

  /** The mapped address of a node, or undefined before its container has started once. */
  get(node: NodePlan): HostAndPort | undefined {
    return this.lookUp(`${node.address}:${node.port}`);
  }

  /** The mapped address for `"network-address:port"`, as ioredis asks for it. */
  lookUp(announced: string): HostAndPort | undefined {
    return this.#mapped.get(announced);
  }
}
