import type { Cluster } from "ioredis";
import type { Access } from "./clients/access.ts";
import type { AddressTable } from "./clients/address-table.ts";
import {
  type ClientOptions,
  type ClusterClientOptions,
  closeCluster,
  clusterClientOptions,
  connectCluster,
} from "./clients/cluster-client.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import type { ObservableParts } from "./observable-cluster.ts";
import { PartitionableCluster } from "./partitionable-cluster.ts";

/** What clients of a cluster need. */
export interface ConnectableParts extends ObservableParts {
  readonly client: Cluster;
}

/** The part of a started cluster that hands out clients, and closes them. */
export class ConnectableCluster extends PartitionableCluster {
  protected readonly addresses: AddressTable;
  protected readonly access: Access;
  readonly #clients = new Set<Cluster>();
  #client: Cluster;

  constructor(parts: ConnectableParts) {
    super(parts);
    this.addresses = parts.addresses;
    this.access = parts.access;
    this.#client = parts.client;
  }

  /**
   * An ioredis `Cluster`, connected: ioredis' own defaults, addresses mapped through a live table. `reset()` puts a
   * new one in its place, so take it from here in each test.
   */
  get client(): Cluster {
    return this.#client;
  }

  /**
   * One more connected ioredis `Cluster`, with options of your own; it is closed with the cluster, or by `reset()`.
   * `natMap` is set here. With `lazyConnect` it comes unconnected.
   *
   * @throws RedisClusterError WAIT_TIMEOUT or WAIT_ABORTED; the client is closed then.
   */
  async connect(options: ClusterClientOptions = {}, wait: WaitOptions = {}): Promise<Cluster> {
    return await this.within("Connecting a client", wait, async (signal) => {
      const client = await this.#open(options, signal);
      this.#clients.add(client);
      client.once("end", () => this.#clients.delete(client));
      return client;
    });
  }

  /**
   * What an application on this machine needs to build its own ioredis `Cluster`:
   * `new Cluster(startupNodes, options)`. Both read a live table; whoever builds the client closes it.
   */
  clientOptions(): ClientOptions {
    if (this.over !== undefined) this.refuseStopped();
    return clusterClientOptions(this.plan, this.addresses, this.access);
  }

  /** Closes every client that was made here, for good. */
  protected async closeClients(): Promise<void> {
    for (const node of this.nodes) node.disconnect(this.over);
    await Promise.all([this.#client, ...this.#clients].map(closeCluster));
  }

  /** Closes every client that was made here; nodes make new ones when they are asked. */
  protected async dropClients(): Promise<void> {
    for (const node of this.nodes) node.renewClient();
    const clients = [this.#client, ...this.#clients];
    this.#clients.clear();
    await Promise.all(clients.map(closeCluster));
  }

  /** Puts a new client in the place of the one that was dropped. */
  protected async renewClient(signal: AbortSignal): Promise<void> {
    this.#client = await this.#open(undefined, signal);
  }

  /** One that comes too late to be closed by `stop()` is closed here. */
  async #open(options: ClusterClientOptions | undefined, signal: AbortSignal): Promise<Cluster> {
    const client = await connectCluster(this.plan, this.addresses, this.access, options, signal);
    if (this.stopped) {
      await closeCluster(client);
      this.refuseStopped();
    }
    return client;
  }
}
