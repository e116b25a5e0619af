import type { Cluster, Redis } from "ioredis";

/** A client that writers share, and how often one of its connections has closed so far. */
export class WriterClient {
  readonly cluster: Cluster;
  #closed = 0;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
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

  get closedConnections(): number {
    return this.#closed;
  }

  /** Whether somebody closed it for good. */
  get ended(): boolean {
    return this.cluster.status === "end";
  }

  /** Closes it; what was never answered is given up. */
  close(): void {
    this.cluster.disconnect();
  }
}
