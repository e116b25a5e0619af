import type { Cluster, Redis } from "ioredis";

/** How long a client that looks for other primaries leaves it at what it has found. */
const LOOK_AGAIN_MS = 250;

/** A client that writers share, and how often one of its connections has closed so far. */
export class WriterClient {
  readonly cluster: Cluster;
  readonly #looksAround: boolean;
  readonly #redirects = new Map<string, number>();
  #closed = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param looksAround whether it asks who serves what as soon as a node does not answer, which ioredis does not. */
  constructor(cluster: Cluster, looksAround: boolean) {
    this.cluster = cluster;
    this.#looksAround = looksAround;
    this.#countRedirects();
    // "close" comes before "end", and also where a connection is opened again and unanswered commands are repeated.
    const watch = (node: Redis): void => {
      node.on("close", () => {
        this.#closed += 1;
      });
    };
    for (const node of cluster.nodes("all")) watch(node);
    cluster.on("+node", watch);
    cluster.on("-node", () => {
      this.#closed += 1;
    });
  }

  /** How often ioredis sent a command again by itself, by the word of the reply. */
  get redirects(): ReadonlyMap<string, number> {
    return this.#redirects;
  }

  /** ioredis follows a redirect without an event; all of them come by its one handler of errors. */
  #countRedirects(): void {
    const { cluster } = this;
    const handle = cluster.handleError.bind(cluster);
    cluster.handleError = (error, ttl, handlers) => {
      const word = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/.exec(error.message)?.[0];
      if (word !== undefined) this.#redirects.set(word, (this.#redirects.get(word) ?? 0) + 1);
      handle(error, ttl, handlers);
    };
  }

  get closedConnections(): number {
    return this.#closed;
  }

  /** Whether somebody closed it for good. */
  get ended(): boolean {
    return this.cluster.status === "end";
  }

  /** Hears that a node has not answered for a while: it may be frozen or cut off, and another the primary by now. */
  noAnswer(now: number): void {
    if (!this.#looksAround || this.ended || now - this.#lookedAt < LOOK_AGAIN_MS) return;
    this.#lookedAt = now;
    // All the time, with ioredis' `slotsRefreshInterval`, would cost a connection and a tenth of the throughput.
    this.cluster.refreshSlotsCache();
  }

  /** Closes it; what was never answered is given up. */
  close(): void {
    this.cluster.disconnect();
  }
}
