import type { Cluster, Redis } from "ioredis";
import { monotonicMs } from "../clock/real-time.ts";
import { type ReplySources, NO_SOURCE } from "./reply-sources.ts";
import { DispatchTracker } from "./dispatch-tracker.ts";

/** Minimum time between two refreshes of the slots. */
const MIN_REFRESH_INTERVAL_MS = 250;

/** Returns the index of the node at the other end of a connection, as the node itself reports it; undefined if it is unknown. */
export type IdentifyNode = (connection: Redis) => Promise<number | undefined>;

/** A client that writers share. Records which node receives each command, and how often a connection has closed. */
export class WriterClient {
  readonly cluster: Cluster;
  /** Records the connection of each command. Commands must be expected before they are sent. */
  readonly dispatches: DispatchTracker = new DispatchTracker();
  readonly #sources: ReplySources;
  readonly #identify: IdentifyNode;
  readonly #canRefreshSlots: boolean;
  readonly #redirects = new Map<string, number>();
  #closedConnections = 0;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #endedAt: number | undefined;
  #isClosing = false;

  /**
   * @param canRefreshSlots whether the client refreshes its slots when a node does not answer. ioredis does not do that by
   * itself.
   * @param sources numbers the connections.
   */
  constructor(cluster: Cluster, canRefreshSlots: boolean, sources: ReplySources, identify: IdentifyNode) {
    this.cluster = cluster;
    this.#canRefreshSlots = canRefreshSlots;
    this.#sources = sources;
    this.#identify = identify;
    this.#countRedirects();
    cluster.on("end", () => {
      if (!this.#isClosing) this.#endedAt ??= monotonicMs();
    });
    // "close" precedes "end". It also occurs if ioredis reopens the connection and repeats the commands without replies.
    const watch = (node: Redis): void => {
      node.on("close", () => {
        this.#closedConnections += 1;
      });
      this.#watchDispatches(node);
    };
    for (const node of cluster.nodes("all")) watch(node);
    cluster.on("+node", watch);
    cluster.on("-node", () => {
      this.#closedConnections += 1;
    });
  }

  /** Number of commands that ioredis repeated by itself, by the error word of the reply. */
  get redirects(): ReadonlyMap<string, number> {
    return this.#redirects;
  }

  /**
   * Counts redirects in the error handler of ioredis. ioredis follows a redirect without an event, but always calls the handler.
   */
  #countRedirects(): void {
    const { cluster } = this;
    const handle = cluster.handleError.bind(cluster);
    cluster.handleError = (error, ttl, handlers) => {
      const word = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/.exec(error.message)?.[0];
      if (word !== undefined) this.#redirects.set(word, (this.#redirects.get(word) ?? 0) + 1);
      handle(error, ttl, handlers);
    };
  }

  /** Number of connections that have closed. */
  get closedConnections(): number {
    return this.#closedConnections;
  }

  /** Whether the client has ended permanently, so that ioredis does not reconnect it. */
  get hasEnded(): boolean {
    return this.#endedAt !== undefined || this.cluster.status === "end";
  }

  /** When the client ended by itself, by `monotonicMs()`; undefined if it did not. */
  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  /** Records the commands that are sent on the connection to a node, and identifies the node. */
  #watchDispatches(node: Redis): void {
    const sources = this.#sources;
    let source = NO_SOURCE;
    // A later connection of the same client object may lead to another node, because host ports can move between nodes.
    const onConnect = (): void => {
      source = sources.addConnection();
    };
    const onReady = (): void => {
      const unidentified = source;
      // As long as the node is unknown, replies are never attributed to the node that serves the shard.
      void sources.identify(unidentified, this.#identify(node)).then((index) => {
        if (index !== undefined && source === unidentified) source = sources.ofNode(index);
      });
    };
    const send = node.sendCommand.bind(node);
    node.sendCommand = (command, stream) => {
      this.dispatches.sent(command, source);
      return send(command, stream);
    };
    node.on("connect", onConnect);
    node.on("ready", onReady);
    if (node.status === "connect" || node.status === "ready") onConnect();
    if (node.status === "ready") onReady();
  }

  /** Refreshes the slots because a node has not replied for a while. It may be paused or isolated, and already replaced. */
  onSlowReply(now: number): void {
    if (!this.#canRefreshSlots || this.hasEnded || now - this.#refreshedAt < MIN_REFRESH_INTERVAL_MS) return;
    this.#refreshedAt = now;
    // Regular refreshes, with the ioredis option `slotsRefreshInterval`, would cost a connection and a tenth of the throughput.
    this.cluster.refreshSlotsCache();
  }

  /** Closes the client. Commands without a reply are abandoned. */
  close(): void {
    this.#isClosing = true;
    this.cluster.disconnect();
  }
}
