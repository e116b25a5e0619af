import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";

/**
 * The live map from a node's network address to its mapped address on the host. Nodes are also found by the names that
 * they announce to clients.
 * Docker gives a restarted container another host port unless the port was fixed, so whoever reconnects has to look
 * here again instead of keeping what it was told first.
 *
 * A port that a dead node had may be given to another one, above all by an engine that was restarted itself. Whoever
 * gets an address therefore takes it from whoever had it.
 */
export class AddressTable {
  readonly #mapped = new Map<string, HostAndPort>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Other names for network addresses, each with its port: `node-0:6379` for `10.1.0.2:6379`. */
  readonly #aliases = new Map<string, string>();
  #missed: (() => void) | undefined;

  /** Enters where a node is published now. */
  set(node: NodePlan, mapped: HostAndPort): void {
    const key = keyOf(node);
    for (const name of this.namesOf(node)) this.learn(name, key);
    const before = this.#mapped.get(key);
    for (const [other, { host, port }] of this.#mapped) {
      if (other === key || host !== mapped.host || port !== mapped.port) continue;
      this.#mapped.delete(other);
      this.#tell(other);
    }
    this.#mapped.set(key, mapped);
    if (before?.host !== mapped.host || before.port !== mapped.port) this.#tell(key);
  }

  /** The mapped address of a node, or undefined while it has none. */
  get(node: NodePlan): HostAndPort | undefined {
    return this.lookUp(keyOf(node));
  }

  /**
   * The mapped address for what a server announces, as ioredis asks for it: a network address or a name, with its port.
   */
  lookUp(announced: string): HostAndPort | undefined {
    const mapped = this.#mapped.get(announced) ?? this.#mapped.get(this.#aliases.get(announced) ?? "");
    if (mapped === undefined) this.#missed?.();
    return mapped;
  }

  /** Calls back whenever nothing is known about what a server announced. */
  onMiss(listener: () => void): void {
    this.#missed = listener;
  }

  /** Notes another name, with its port, for a network address and port. */
  learn(announced: string, network: string): void {
    if (announced !== network) this.#aliases.set(announced, network);
  }

  /** Everything that a node is planned to be announced as, each with its port. */
  namesOf(node: NodePlan): readonly string[] {
    const names = [node.address, node.name, ...(node.hostname === undefined ? [] : [node.hostname])];
    return names.map((name) => `${name}:${node.port}`);
  }

  /** Calls back whenever a node has another address, or none any more. Gives what ends that. */
  onChange(node: NodePlan, listener: () => void): () => void {
    const listeners = this.#listeners.get(keyOf(node)) ?? new Set();
    this.#listeners.set(keyOf(node), listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #tell(key: string): void {
    for (const listener of this.#listeners.get(key) ?? []) listener();
  }
}

function keyOf({ address, port }: NodePlan): string {
  return `${address}:${port}`;
}
