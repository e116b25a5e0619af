/** Highest number that fits into the log's column `source`. */
const MAX_SOURCE = 65_535;
/** Highest number of a known node. A cluster has at most 100 nodes. */
const MAX_NODE_SOURCE = 255;
/** The number of a reply whose node is unknown and stays unknown. */
export const NO_SOURCE = 0;

/**
 * Numbers the connections on which replies arrive, so that the log can record in two bytes which node sent a reply. A connection
 * has a number of its own until its node has identified itself, and the number of its node afterwards.
 */
export class ReplySources {
  /** The nodes of the connections whose numbers are above {@link MAX_NODE_SOURCE}, in the order of these numbers. */
  readonly #nodes: (number | undefined)[] = [];

  readonly #identifying = new Set<Promise<void>>();

  /** Returns the number of a node. */
  ofNode(index: number): number {
    return index < MAX_NODE_SOURCE ? index + 1 : NO_SOURCE;
  }

  /** Returns a number for a connection whose node is not known yet; {@link NO_SOURCE} if all numbers are used. */
  addConnection(): number {
    if (this.#nodes.length >= MAX_SOURCE - MAX_NODE_SOURCE) return NO_SOURCE;
    this.#nodes.push(undefined);
    return MAX_NODE_SOURCE + this.#nodes.length;
  }

  /**
   * Records which node is at the other end of a connection, as soon as it is known.
   *
   * @param node resolves with the index of the node, or with undefined if it stays unknown.
   * @returns the result of `node`; undefined if `node` rejects.
   */
  async identify(source: number, node: Promise<number | undefined>): Promise<number | undefined> {
    const known = node.catch(() => undefined);
    const recorded = known.then((index) => {
      if (source > MAX_NODE_SOURCE) this.#nodes[source - MAX_NODE_SOURCE - 1] = index;
      this.#identifying.delete(recorded);
    });
    this.#identifying.add(recorded);
    await recorded;
    return await known;
  }

  /** Resolves when all identifications that have started so far are complete, successful or not. */
  async waitUntilIdentified(): Promise<void> {
    await Promise.all(this.#identifying);
  }

  /** Returns the index of the node that sent a reply; undefined if it is unknown. */
  nodeOf(source: number): number | undefined {
    if (source === NO_SOURCE) return undefined;
    return source <= MAX_NODE_SOURCE ? source - 1 : this.#nodes[source - MAX_NODE_SOURCE - 1];
  }
}
