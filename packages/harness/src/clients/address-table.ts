import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";

/**
 * Maps the network address of each node to its current address on the host. Nodes are also found by the names that they announce
 * to clients.
 *
 * Docker assigns another host port to a restarted container, unless the port is fixed. A client that reconnects must therefore
 * look up the address again.
 *
 * The port of a stopped node may be assigned to another node, especially after a restart of the engine. If a node gets the address
 * of another node, the other node no longer has an address.
 */
export class AddressTable {
  readonly #mapped = new Map<string, HostAndPort>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Network addresses by announced names, each with its port: `10.1.0.2:6379` by `node-0:6379`. */
  readonly #aliases = new Map<string, string>();
  #missListener: (() => void) | undefined;

  /** Sets the current address of a node on the host. */
  set(node: NodePlan, mapped: HostAndPort): void {
    const key = keyOf(node);
    for (const name of this.namesOf(node)) this.learn(name, key);
    const before = this.#mapped.get(key);
    for (const [other, { host, port }] of this.#mapped) {
      if (other === key || host !== mapped.host || port !== mapped.port) continue;
      this.#mapped.delete(other);
      this.#notify(other);
    }
    this.#mapped.set(key, mapped);
    if (before?.host !== mapped.host || before.port !== mapped.port) this.#notify(key);
  }

  /** Returns the mapped address of a node, or undefined if it has none now. */
  get(node: NodePlan): HostAndPort | undefined {
    return this.lookUp(keyOf(node));
  }

  /**
   * Returns the mapped address for an address or name that a server announces. ioredis calls this through `natMap`.
   *
   * @param announced a network address or a name, with its port.
   */
  lookUp(announced: string): HostAndPort | undefined {
    const mapped = this.#mapped.get(announced) ?? this.#mapped.get(this.#aliases.get(announced) ?? "");
    if (mapped === undefined) this.#missListener?.();
    return mapped;
  }

  /** Calls the listener whenever {@link lookUp} does not find an announced address or name. Replaces an earlier listener. */
  onMiss(listener: () => void): void {
    this.#missListener = listener;
  }

  /** Adds an announced name for a network address, both with their ports. */
  learn(announced: string, network: string): void {
    if (announced !== network) this.#aliases.set(announced, network);
  }

  /** Returns the address and the names that a node announces according to the plan, each with its port. */
  namesOf(node: NodePlan): readonly string[] {
    const names = [node.address, node.name, ...(node.hostname === undefined ? [] : [node.hostname])];
    return names.map((name) => `${name}:${node.port}`);
  }

  /**
   * Calls the listener whenever the address of a node has changed or was removed.
   *
   * @returns a function that ends the subscription.
   */
  onChange(node: NodePlan, listener: () => void): () => void {
    const listeners = this.#listeners.get(keyOf(node)) ?? new Set();
    this.#listeners.set(keyOf(node), listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #notify(key: string): void {
    for (const listener of this.#listeners.get(key) ?? []) listener();
  }
}

function keyOf({ address, port }: NodePlan): string {
  return `${address}:${port}`;
}
