import type { Cluster } from "ioredis";
import { RedisClusterError } from "../errors.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { type Credentials, findCredentials } from "../plan/credentials.ts";
import { formatValue } from "../schema/format-value.ts";
import type { ClientTls } from "./access.ts";
import {
  type ClientOptions,
  type ClusterClientOptions,
  closeCluster,
  clusterClientOptions,
  connectCluster,
} from "./cluster-client.ts";
import type { ClusterClients } from "./cluster-clients.ts";
import {
  type ClientLocation,
  connectionEnvironment,
  type ConnectionInfo,
  connectionInfo,
} from "./connection-info.ts";
import type { OpenClients } from "./open-clients.ts";

/** Creates the clients of one handle, and closes them. */
export class ClientPool implements ClusterClients {
  readonly #context: ClusterContext;
  readonly #open: OpenClients<Cluster>;
  #client: Cluster;

  /** @param open tracks `client` already. */
  constructor(context: ClusterContext, client: Cluster, open: OpenClients<Cluster>) {
    this.#context = context;
    this.#client = client;
    this.#open = open;
  }

  get client(): Cluster {
    return this.#client;
  }

  get tls(): ClientTls | undefined {
    return this.#context.access.tls;
  }

  async connect(options: ClusterClientOptions = {}, wait: WaitOptions = {}): Promise<Cluster> {
    const { natMap } = options;
    if (natMap !== undefined && natMap !== null && !["function", "object"].includes(typeof natMap)) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Connecting a client: expected natMap to be a function or an object, got a ${typeof natMap}.`,
      );
    }
    const connecting = (signal: AbortSignal): Promise<Cluster> => this.#connect(options, signal);
    return await this.#context.calls.run("Connecting a client", wait, connecting);
  }

  clientOptions(): ClientOptions {
    const { access, addresses, calls, plan } = this.#context;
    if (calls.wasLeft) calls.throwIfEnded();
    return clusterClientOptions(plan, addresses, access);
  }

  connectionInfo(from: ClientLocation): ConnectionInfo {
    const { access, addresses, calls, plan } = this.#context;
    if (calls.wasLeft) calls.throwIfEnded();
    if (from !== "host" && from !== "network") {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Describing the connection: expected from to be "host" or "network", got ${formatValue(from)}.`,
      );
    }
    return connectionInfo(plan, addresses, access, from);
  }

  environment(from: ClientLocation): Record<string, string> {
    return connectionEnvironment(this.connectionInfo(from));
  }

  credentials(username: string): Credentials {
    return findCredentials(this.#context.plan, username);
  }

  /**
   * Closes all clients, also those of the nodes, permanently.
   *
   * @param reason what later calls throw.
   */
  async close(reason: RedisClusterError): Promise<void> {
    for (const { handle } of this.#context.nodes) handle.disconnect(reason);
    await Promise.all(this.#open.close().map(closeCluster));
  }

  /** Closes all clients, also those of the nodes. Nodes create new ones when they are used; {@link renew} creates `client`. */
  async dropAll(): Promise<void> {
    for (const { handle } of this.#context.nodes) handle.renewClient();
    await Promise.all(this.#open.takeAll().map(closeCluster));
  }

  /** Creates a new `client`. */
  async renew(signal: AbortSignal): Promise<void> {
    this.#client = await this.#connect(undefined, signal);
  }

  async #connect(options: ClusterClientOptions | undefined, signal: AbortSignal): Promise<Cluster> {
    const { access, addresses, calls, plan } = this.#context;
    try {
      return await connectCluster(plan, addresses, access, options, signal, this.#open.track);
    } catch (error) {
      calls.throwIfEnded();
      throw error;
    }
  }
}
