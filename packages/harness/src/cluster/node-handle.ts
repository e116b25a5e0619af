import type { Readable } from "node:stream";
import type { Redis } from "ioredis";
import { type Access, accessOptions } from "../clients/access.ts";
import { type AddressTable, networkAddress } from "../clients/address-table.ts";
import { misplacedOptions, type NodeClientOptions, openNodeClient } from "../clients/node-client.ts";
import { OpenClients } from "../clients/open-clients.ts";
import { whenReady } from "../clients/when-ready.ts";
import type { ContainerState, NodeContainer } from "../docker/node-container.ts";
import { RedisClusterError } from "../errors.ts";
import {
  withinDeadline,
  type WaitDefaults,
  explainTimeout,
  type WaitOptions,
  startCallDeadline,
} from "../timing/call-deadline.ts";
import type { HostAndPort, NodePlan, NodeRole } from "../plan/cluster-plan.ts";
import type { RedisClusterNode } from "./redis-cluster-node.ts";

/** The node of one handle: it owns the clients that its user opens to the node. */
export class NodeHandle implements RedisClusterNode {
  readonly name: string;
  readonly index: number;
  readonly id: string;
  readonly containerId: string;
  readonly networkAddress: HostAndPort;
  readonly plannedRole: NodeRole;
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
    this.networkAddress = networkAddress(plan);
    this.plannedRole = plan.role;
    this.plannedShard = plan.shard;
    this.#plan = plan;
    this.#access = access;
    this.#container = container;
    this.#addresses = addresses;
    this.#waitDefaults = waitDefaults;
  }

  get mappedAddress(): HostAndPort {
    const mapped = this.#addresses.get(this.#plan);
    if (mapped === undefined) {
      throw new RedisClusterError(
        "NODE_NOT_RUNNING",
        `${this.name} has no mapped address, because it is not running. Start it with \`cluster.restart()\`.`,
      );
    }
    // A copy, because client libraries such as node-redis add options to the object that they are given.
    return { ...mapped };
  }

  get publishedAddress(): HostAndPort | undefined {
    const published = this.#addresses.published(this.#plan);
    return published && { ...published };
  }

  get client(): Redis {
    this.#throwIfEnded();
    this.#client ??= this.#open({});
    return this.#client;
  }

  async connect(options: NodeClientOptions = {}, wait: WaitOptions = {}): Promise<Redis> {
    this.#throwIfEnded();
    const rejected = misplacedOptions(options);
    if (rejected.length > 0) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Connecting to ${this.name}: expected options without ${rejected.join(", ")}, because the node determines them. Remove ${rejected.length === 1 ? "it" : "them"}, or create an ioredis client of your own.`,
        { details: { node: this.name, options: rejected } },
      );
    }
    using deadline = startCallDeadline(`Connecting a client to ${this.name}`, wait, this.#waitDefaults);
    deadline.signal.throwIfAborted();
    const client = this.#open(options);
    if (options.lazyConnect === true) return client;
    try {
      await whenReady(client, deadline.signal);
      return client;
    } catch (error) {
      client.disconnect();
      this.#throwIfEnded();
      throw explainTimeout(deadline.signal, error);
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

  #throwIfEnded(): void {
    if (this.#ended !== undefined) throw new RedisClusterError(this.#ended.code, this.#ended.message);
  }

  async state(options: WaitOptions = {}): Promise<ContainerState> {
    return await this.#request("state", options, () => this.#container.state());
  }

  async logs({ tail, ...options }: { readonly tail?: number } & WaitOptions = {}): Promise<string> {
    return await this.#request("log", options, () =>
      this.#container.logs(tail === undefined ? {} : { tail }),
    );
  }

  async logStream({ since, ...options }: { readonly since?: number } & WaitOptions = {}): Promise<Readable> {
    return await this.#request("log", options, async (signal) => {
      const stream = await this.#container.logStream(since, signal);
      // The call has failed already, and the caller would never destroy the stream.
      if (signal.aborted) stream.destroy();
      return stream;
    });
  }

  async #request<T>(
    what: string,
    options: WaitOptions,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#ended?.code === "TURN_OVER") this.#throwIfEnded();
    return await withinDeadline(`Requesting the ${what} of ${this.name}`, options, this.#waitDefaults, send);
  }

  /**
   * Waits until the client has found the node again after a restart, if a client was created and is open. The client tries every
   * 100 ms, and until then a command could exceed its retries.
   */
  async clientReady(signal: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client !== undefined && client.status !== "end") await whenReady(client, signal);
  }

  /** Closes all clients. The next use of `client` creates another one. */
  renewClient(): void {
    this.#client = undefined;
    for (const client of this.#clients.takeAll()) client.disconnect();
  }

  /**
   * Closes all clients for good.
   *
   * @param reason what later calls throw.
   */
  disconnect(reason: RedisClusterError): void {
    this.#ended = reason;
    for (const client of this.#clients.close()) client.disconnect();
  }

  toString(): string {
    return this.name;
  }
}
