import type { Readable } from "node:stream";
import type { Redis } from "ioredis";
import { type Access, accessOptions } from "./clients/access.ts";
import type { AddressTable } from "./clients/address-table.ts";
import { misplacedOptions, type NodeClientOptions, openNodeClient } from "./clients/node-client.ts";
import { OpenClients } from "./clients/open-clients.ts";
import { whenReady } from "./clients/when-ready.ts";
import type { ContainerState, NodeContainer } from "./docker/node-container.ts";
import { RedisClusterError } from "./errors.ts";
import { inTime, type WaitDefaults, waitError, type WaitOptions, waitDeadline } from "./lifecycle/wait.ts";
import type { HostAndPort, NodePlan, NodeRole } from "./plan/cluster-plan.ts";

/** One node of a started cluster. */
export class RedisClusterNode {
  /** `node-0`, `node-1`, …: its name everywhere, DNS on the cluster's network included. */
  readonly name: string;
  /** Its place in `cluster.nodes` and in the plan, and the number in its name. */
  readonly index: number;
  /** The Redis Cluster node id: 40 hex characters. It keeps it through restarts and resets. */
  readonly id: string;
  /** The engine's id of its container, 64 hex characters; the same after a kill and a restart. */
  readonly containerId: string;
  /** Its address on the cluster's network, which it keeps for life. */
  readonly networkAddress: HostAndPort;
  /** The role it was given at the start. For the present one ask the cluster: `primaries()`, `replicas()`, `view()`. */
  readonly plannedRole: NodeRole;
  /** Index of the shard it was planned into. */
  readonly plannedShard: number;
  readonly #plan: NodePlan;
  readonly #access: Access;
  readonly #container: NodeContainer;
  readonly #addresses: AddressTable;
  readonly #waitDefaults: WaitDefaults;
  readonly #clients = new OpenClients<Redis>();
  #client: Redis | undefined;
  #ended: RedisClusterError | undefined;

  constructor(
    plan: NodePlan,
    access: Access,
    container: NodeContainer,
    addresses: AddressTable,
    waitDefaults: WaitDefaults,
  ) {
    this.name = plan.name;
    this.index = plan.index;
    this.id = plan.id;
    this.containerId = container.id;
    this.networkAddress = { host: plan.address, port: plan.port };
    this.plannedRole = plan.role;
    this.plannedShard = plan.shard;
    this.#plan = plan;
    this.#access = access;
    this.#container = container;
    this.#addresses = addresses;
    this.#waitDefaults = waitDefaults;
  }

  /**
   * Where this machine reaches it, or did when it ran last. A restart changes the port unless `firstHostPort` fixed it.
   *
   * @throws RedisClusterError NODE_NOT_RUNNING while it is dead and another node has got its port.
   */
  get mappedAddress(): HostAndPort {
    const mapped = this.#addresses.get(this.#plan);
    if (mapped === undefined) {
      throw new RedisClusterError(
        "NODE_NOT_RUNNING",
        `No address of ${this.name} is known here: it does not run, and has no port of its own any more.`,
      );
    }
    return mapped;
  }

  /**
   * An ioredis client that sends everything to this node: a command for a slot of another node gets MOVED. It is created
   * at first use, logs in as the default user, or as `harness` if that user is off, and reconnects every 100 ms, after a
   * restart to the node's new address. Its other options are ioredis' own, except `maxRetriesPerRequest: 1` (while the node
   * is away, commands fail at every second attempt to reach it instead of every 21st) and `disconnectTimeout: 100`.
   *
   * A `duplicate()` of it has the same properties, also after a restart. The cluster closes the client and all duplicates
   * with `stop()` and `reset()`. After a reset, `client` returns a new one.
   *
   * @throws RedisClusterError CLUSTER_STOPPED after the cluster's `stop()`; TURN_OVER after the test whose fixture it is.
   */
  get client(): Redis {
    this.#refuseEnded();
    this.#client ??= this.#open({});
    return this.#client;
  }

  /**
   * Opens another ioredis client to this node and waits until it is connected, for example one for subscriptions. It is
   * like {@link client}: it finds the node after a restart, and subscribes again then unless `autoResubscribe` is false. The
   * cluster closes it, and its duplicates, with `stop()` and `reset()`.
   *
   * @param options the options of the ioredis client. `host`, `port`, `path`, `sentinels` and `Connector` are refused,
   * because the node decides them. With `lazyConnect` the client is returned unconnected.
   * @param wait default timeout: 10 000 ms, or ten node timeouts if that is longer.
   * @throws RedisClusterError INVALID_ARGUMENT for a refused option; WAIT_TIMEOUT with the client's last error, or
   * WAIT_ABORTED: the client is closed then; CLUSTER_STOPPED.
   */
  async connect(options: NodeClientOptions = {}, wait: WaitOptions = {}): Promise<Redis> {
    this.#refuseEnded();
    const refused = misplacedOptions(options);
    if (refused.length > 0) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Connecting to ${this.name}: expected options without ${refused.join(", ")}, because the node decides where to connect. Remove ${refused.length === 1 ? "it" : "them"}, or create an ioredis client of your own.`,
        { details: { node: this.name, options: refused } },
      );
    }
    using deadline = waitDeadline(`Connecting a client to ${this.name}`, wait, this.#waitDefaults);
    deadline.signal.throwIfAborted();
    const client = this.#open(options);
    if (options.lazyConnect === true) return client;
    try {
      await whenReady(client, deadline.signal);
      return client;
    } catch (error) {
      client.disconnect();
      this.#refuseEnded();
      throw waitError(deadline.signal, error);
    }
  }

  #open(options: NodeClientOptions): Redis {
    const own = accessOptions(this.#access);
    return openNodeClient(
      this.#plan,
      this.#addresses,
      {
        ...own,
        maxRetriesPerRequest: 1,
        ...options,
        // A caller who sets a TLS option still trusts the cluster's authority.
        ...(own.tls === undefined ? {} : { tls: { ...own.tls, ...options.tls } }),
      },
      this.#clients.track,
    );
  }

  #refuseEnded(): void {
    if (this.#ended !== undefined) throw new RedisClusterError(this.#ended.code, this.#ended.message);
  }

  /**
   * What the engine says of its container at this moment. After the cluster's `stop()` as well: the `status` of a
   * container that is gone is `"removed"`.
   *
   * @throws RedisClusterError ENGINE_FAILED, WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async state(options: WaitOptions = {}): Promise<ContainerState> {
    return await this.#asked("for its state", options, () => this.#container.state());
  }

  /**
   * Everything its container has printed so far, both streams in one, as text. Works after a kill as well, and tells of
   * the boots before.
   *
   * @param options `tail`: the last so many lines only. Default: all.
   * @throws RedisClusterError ENGINE_FAILED, also once the container is removed; WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async logs({ tail, ...options }: { readonly tail?: number } & WaitOptions = {}): Promise<string> {
    return await this.#asked("for its log", options, () =>
      this.#container.logs(tail === undefined ? {} : { tail }),
    );
  }

  /**
   * What its container has printed so far and goes on printing, both streams in one. Ends when the container ends; destroy it
   * to stop earlier. Emits an error if the connection to the engine breaks. The time limit is for its beginning.
   *
   * @param options `since`: only what came after this moment, in seconds since 1970. Default: all.
   * @throws RedisClusterError ENGINE_FAILED, also once the container is removed; WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async logStream({ since, ...options }: { readonly since?: number } & WaitOptions = {}): Promise<Readable> {
    return await this.#asked("for its log", options, async (signal) => {
      const stream = await this.#container.logStream(since, signal);
      // Too late: the caller has its error, and would never destroy the stream.
      if (signal.aborted) stream.destroy();
      return stream;
    });
  }

  async #asked<T>(what: string, options: WaitOptions, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#ended?.code === "TURN_OVER") this.#refuseEnded();
    return await inTime(`Asking the engine ${what} (${this.name})`, options, this.#waitDefaults, ask);
  }

  /**
   * Waits until the client, if one was made and not closed, has found the node again after a restart: it tries every
   * 100 ms, and until then would give up a command that comes too early.
   *
   * @internal
   */
  async clientReady(signal: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client !== undefined && client.status !== "end") await whenReady(client, signal);
  }

  /** Closes all clients; the next use of `client` creates another one. A reset calls it. @internal */
  renewClient(): void {
    this.#client = undefined;
    for (const client of this.#clients.takeAll()) client.disconnect();
  }

  /**
   * Closes all clients for good. The cluster calls it.
   *
   * @param reason what later calls throw.
   * @internal
   */
  disconnect(reason: RedisClusterError): void {
    this.#ended = reason;
    for (const client of this.#clients.close()) client.disconnect();
  }

  /** Its name. */
  toString(): string {
    return this.name;
  }
}
