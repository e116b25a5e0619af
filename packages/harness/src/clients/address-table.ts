import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import type { AccessPath } from "../plan/options.generated.ts";

/**
 * Knows how this process reaches each node: at its address in the cluster's network, or at the port that the engine publishes on
 * its host. Nodes are also found by the names that they announce to clients.
 *
 * Docker assigns another host port to a restarted container, unless the port is fixed. A client that reconnects must therefore
 * look up the address again.
 *
 * The published port of a stopped node may be assigned to another node, especially after a restart of the engine. If a node gets
 * the port of another node, the other node no longer has one.
 */
export class AddressTable {
  readonly #path: AccessPath;
  /** The published addresses, by network addresses with their ports. */
  readonly #published = new Map<string, HostAndPort>();
  readonly #stopped = new Set<string>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** The network addresses of the nodes by themselves, and by the names that nodes announce, each with its port: `node-0:6379`. */
  readonly #nodes = new Map<string, HostAndPort>();
  readonly #names = new Map<string, HostAndPort>();
  #missListener: (() => void) | undefined;

  /** @param path how this process reaches the nodes. */
  constructor(path: AccessPath = "published") {
    this.#path = path;
  }

  /**
   * Adds a node that has started, or sets its published address. Attempts to connect to the process that has ended would otherwise
   * continue for some time, or for ever, so the listeners of both addresses are called.
   *
   * @param published where the engine publishes the client port; undefined if it does not.
   */
  set(node: NodePlan, published: HostAndPort | undefined): void {
    const key = keyOf(node.address, node.port);
    this.#nodes.set(key, networkAddress(node));
    this.#stopped.delete(key);
    for (const name of this.namesOf(node)) this.learn(name, networkAddress(node));
    if (published === undefined) {
      this.#notify(key);
      return;
    }
    for (const [other, { host, port }] of this.#published) {
      if (other === key || host !== published.host || port !== published.port) continue;
      this.#published.delete(other);
      this.#notify(other);
    }
    this.#published.set(key, published);
    this.#notify(key);
    this.#notify(keyOf(published.host, published.port));
  }

  /**
   * Remembers whether a node is known to have stopped. With direct access its address does not exist then, so that nothing would
   * refuse a connection.
   */
  setStopped(node: NodePlan, isStopped: boolean): void {
    if (this.#path !== "direct") return;
    const key = keyOf(node.address, node.port);
    if (this.#stopped.has(key) === isStopped) return;
    if (isStopped) this.#stopped.add(key);
    else this.#stopped.delete(key);
    this.#notify(key);
  }

  /** Returns whether the node at an address is known to have stopped. Always false with published ports, which refuse connections. */
  isStopped({ host, port }: HostAndPort): boolean {
    return this.#stopped.has(keyOf(host, port));
  }

  /** Returns the address at which this process reaches a node; undefined if its port is no longer published. */
  get(node: NodePlan): HostAndPort | undefined {
    return this.#path === "direct" ? networkAddress(node) : this.published(node);
  }

  /**
   * Returns the address for a connection to a node: that of {@link get}, or its network address if it has none. No other server
   * answers at the network address.
   */
  reach(node: NodePlan): HostAndPort {
    return this.get(node) ?? networkAddress(node);
  }

  /** Returns where the engine publishes the client port of a node; undefined if it does not. */
  published(node: NodePlan): HostAndPort | undefined {
    return this.#published.get(keyOf(node.address, node.port));
  }

  /**
   * Returns the address at which this process reaches the node that announces an address or name. ioredis calls this through
   * `natMap`.
   *
   * @param announced an address in the cluster's network or a name, with its port.
   */
  lookUp(announced: string): HostAndPort | undefined {
    const node = this.#nodes.get(announced) ?? this.#names.get(announced);
    const found =
      this.#path === "direct" || node === undefined ? node : this.#published.get(keyOf(node.host, node.port));
    if (found === undefined) this.#missListener?.();
    return found;
  }

  /** Calls the listener whenever {@link lookUp} does not find an announced address or name. Replaces an earlier listener. */
  onMiss(listener: () => void): void {
    this.#missListener = listener;
  }

  /** Adds a name, with its port, that the node with this network address announces. */
  learn(announced: string, network: HostAndPort): void {
    this.#names.set(announced, network);
  }

  /** Returns the address and the names that a node announces according to the plan, each with its port. */
  namesOf(node: NodePlan): readonly string[] {
    const names = [node.address, node.name, ...(node.hostname === undefined ? [] : [node.hostname])];
    return names.map((name) => keyOf(name, node.port));
  }

  /**
   * Calls the listener whenever a node has started, whenever its published address was removed and, with direct access, whenever it
   * has stopped.
   *
   * @param network the address of the node in the cluster's network, or its published address.
   * @returns a function that ends the subscription.
   */
  onChange(network: HostAndPort, listener: () => void): () => void {
    const key = keyOf(network.host, network.port);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  #notify(key: string): void {
    for (const listener of [...(this.#listeners.get(key) ?? [])]) listener();
  }
}

/** Returns the address of a node in the cluster's network. */
export function networkAddress({ address, port }: NodePlan): HostAndPort {
  return { host: address, port };
}

function keyOf(host: string, port: number): string {
  return `${host}:${port}`;
}
