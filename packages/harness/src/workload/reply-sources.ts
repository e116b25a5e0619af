/** The greatest number that the log has room for. */
const MOST = 65_535;
/** Numbers up to this one are nodes that are known; a cluster has at most 100 nodes. */
const NODES = 255;
/** No node is known, and none will be. */
export const NO_SOURCE = 0;

/**
 * Numbers the connections on which answers arrive, so that the log can keep in two bytes which node gave an answer. A
 * connection has a number of its own until its node has identified itself, and afterwards that of its node.
 */
export class ReplySources {
  /** The nodes behind the numbers above {@link NODES}, in their order. */
  readonly #pending: (number | undefined)[] = [];

  readonly #identifying = new Set<Promise<void>>();

  /** The number of a node. */
  ofNode(index: number): number {
    return index < NODES ? index + 1 : NO_SOURCE;
  }

  /** Returns a number for a connection whose node is not known yet; {@link NO_SOURCE} when no number is left. */
  open(): number {
    if (this.#pending.length >= MOST - NODES) return NO_SOURCE;
    this.#pending.push(undefined);
    return NODES + this.#pending.length;
  }

  /**
   * Records which node is at the other end of a connection, as soon as it is known.
   *
   * @param node resolves with its index, or with undefined if it stays unknown.
   * @returns what `node` resolves with; undefined if it rejects.
   */
  async identify(source: number, node: Promise<number | undefined>): Promise<number | undefined> {
    const known = node.catch(() => undefined);
    const recorded = known.then((index) => {
      if (source > NODES) this.#pending[source - NODES - 1] = index;
      this.#identifying.delete(recorded);
    });
    this.#identifying.add(recorded);
    await recorded;
    return await known;
  }

  /** Resolves when the node of every connection that was opened so far is known, or stays unknown. */
  async identified(): Promise<void> {
    await Promise.all(this.#identifying);
  }

  /** The index of the node that answered; undefined when it is not known. */
  nodeOf(source: number): number | undefined {
    if (source === NO_SOURCE) return undefined;
    return source <= NODES ? source - 1 : this.#pending[source - NODES - 1];
  }
}
