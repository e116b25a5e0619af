import type { Cluster, Redis } from "ioredis";
import { monotonicMs } from "../clock/real-time.ts";
import { type ReplySources, NO_SOURCE } from "./reply-sources.ts";
import { DispatchTracker } from "./dispatch-tracker.ts";

/** How long a client that looks for other primaries leaves it at what it has found. */
const LOOK_AGAIN_MS = 250;

/** Returns the index of the node that a connection leads to, by the node's own word; undefined when it is unknown. */
export type IdentifyNode = (connection: Redis) => Promise<number | undefined>;

/** A client that writers share: which node its commands go to, and how often one of its connections has closed. */
export class WriterClient {
  readonly cluster: Cluster;
  /** Where commands are expected before they are sent. */
  readonly dispatches: DispatchTracker = new DispatchTracker();
  readonly #sources: ReplySources;
  readonly #identify: IdentifyNode;
  readonly #looksAround: boolean;
  readonly #redirects = new Map<string, number>();
  #closed = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #endedAt: number | undefined;
  #closing = false;

  /**
   * @param looksAround whether it refreshes its slots as soon as a node does not answer, which ioredis does not do.
   * @param sources numbers the connections.
   */
  constructor(cluster: Cluster, looksAround: boolean, sources: ReplySources, identify: IdentifyNode) {
    this.cluster = cluster;
    this.#looksAround = looksAround;
    this.#sources = sources;
    this.#identify = identify;
    this.#countRedirects();
    cluster.on("end", () => {
      if (!this.#closing) this.#endedAt ??= monotonicMs();
    });
    // "close" comes before "end", and also where a connection is opened again and unanswered commands are repeated.
    const watch = (node: Redis): void => {
      node.on("close", () => {
        this.#closed += 1;
      });
      this.#watchDispatches(node);
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

  /** Whether it is closed for good: ioredis connects it no more. */
  get ended(): boolean {
    return this.#endedAt !== undefined || this.cluster.status === "end";
  }

  /** When it ended without having been closed here, by `monotonicMs()`; undefined when it did not. */
  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  /** Records what a node's connection is handed, and which node that is. */
  #watchDispatches(node: Redis): void {
    const sources = this.#sources;
    let source = NO_SOURCE;
    // One connection leads to one server. A later one of the same object may lead to another: its port has another node then.
    const opened = (): void => {
      source = sources.addConnection();
    };
    const ready = (): void => {
      const pending = source;
      // Without a node its answers are never taken for those of the node that serves the shard.
      void sources.identify(pending, this.#identify(node)).then((index) => {
        if (index !== undefined && source === pending) source = sources.ofNode(index);
      });
    };
    const send = node.sendCommand.bind(node);
    node.sendCommand = (command, stream) => {
      this.dispatches.sent(command, source);
      return send(command, stream);
    };
    node.on("connect", opened);
    node.on("ready", ready);
    if (node.status === "connect" || node.status === "ready") opened();
    if (node.status === "ready") ready();
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
    this.#closing = true;
    this.cluster.disconnect();
  }
}
