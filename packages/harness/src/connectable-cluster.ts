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
import { learnNames } from "./clients/learn-names.ts";
import type { OpenClients } from "./clients/open-clients.ts";
import { RedisClusterError } from "./errors.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import type { ObservableParts } from "./observable-cluster.ts";
import { PartitionableCluster } from "./partitionable-cluster.ts";

/** What clients of a cluster need. */
export interface ConnectableParts extends ObservableParts {
  readonly client: Cluster;
  /** Tracks that client already. */
  readonly clients: OpenClients<Cluster>;
}

/** The part of a started cluster that hands out clients, and closes them. */
export class ConnectableCluster extends PartitionableCluster {
  protected readonly addresses: AddressTable;
  protected readonly access: Access;
  readonly #clients: OpenClients<Cluster>;
  #client: Cluster;

  constructor(parts: ConnectableParts) {
    super(parts);
    this.addresses = parts.addresses;
    this.access = parts.access;
    this.#client = parts.client;
    this.#clients = parts.clients;
    learnNames(parts.addresses, parts.connections);
  }

  /**
   * A connected ioredis `Cluster` with ioredis' own defaults. It finds each node after a restart, whatever the nodes
   * announce: addresses, names or unknown endpoints. A `duplicate()` of it has the same properties. The cluster closes the
   * client and all duplicates with `stop()` and `reset()`. After a reset, `client` returns a new one, so read it in each test.
   */
  get client(): Cluster {
    return this.#client;
  }

  /**
   * Opens another ioredis `Cluster` with options of your own and waits until it is connected. The cluster closes it, and
   * its duplicates, with `stop()` and `reset()`.
   *
   * A `natMap` of your own, function or object, is asked first, also for the nodes that the client connects to at the
   * beginning: for example to send everything through a proxy in front of each node. Its keys are what the nodes announce,
   * such as `10.192.0.2:6379`. A node that it returns nothing for is reached directly.
   *
   * @param options the options of the ioredis client. With `lazyConnect` the client is returned unconnected.
   * @param wait default timeout: 10 000 ms, or ten node timeouts if that is longer.
   * @throws RedisClusterError WAIT_TIMEOUT with the client's last error, or WAIT_ABORTED: the client is closed then.
   * INVALID_ARGUMENT if `natMap` is neither a function nor an object.
   */
  async connect(options: ClusterClientOptions = {}, wait: WaitOptions = {}): Promise<Cluster> {
    const { natMap } = options;
    if (natMap !== undefined && natMap !== null && !["function", "object"].includes(typeof natMap)) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Connecting a client: expected natMap to be a function or an object, got a ${typeof natMap}.`,
      );
    }
    return await this.calls.run("Connecting a client", wait, (signal) => this.#open(options, signal));
  }

  /**
   * What an application on this machine needs to create its own ioredis `Cluster`:
   * `new Cluster(startupNodes, options)`. Both read a live table. The application closes its client.
   *
   * Such a client finds nodes that announce addresses or names. ioredis itself cannot use nodes that announce an unknown
   * endpoint, or prefer names and have none; only the clients of {@link client} and {@link connect} can.
   */
  clientOptions(): ClientOptions {
    if (this.calls.ended?.code === "TURN_OVER") this.calls.refuseEnded();
    return clusterClientOptions(this.plan, this.addresses, this.access);
  }

  /** Closes every client that was created here, for good. */
  protected async closeClients(reason: RedisClusterError): Promise<void> {
    for (const node of this.nodes) node.disconnect(reason);
    await Promise.all(this.#clients.close().map(closeCluster));
  }

  /** Closes every client that was created here; nodes create new ones when they are asked. */
  protected async dropClients(): Promise<void> {
    for (const node of this.nodes) node.renewClient();
    await Promise.all(this.#clients.takeAll().map(closeCluster));
  }

  /** Puts a new client in the place of the one that was dropped. */
  protected async renewClient(signal: AbortSignal): Promise<void> {
    this.#client = await this.#open(undefined, signal);
  }

  async #open(options: ClusterClientOptions | undefined, signal: AbortSignal): Promise<Cluster> {
    try {
      const { track } = this.#clients;
      return await connectCluster(this.plan, this.addresses, this.access, options, signal, track);
    } catch (error) {
      this.calls.refuseEnded();
      throw error;
    }
  }
}
