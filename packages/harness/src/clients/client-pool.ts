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
import { CLIENT_LIBRARIES, type ClientLibraries, type ConnectOptions } from "./libraries/client-libraries.ts";
import type { OpenedClient } from "./libraries/library.ts";
import { openClient } from "./libraries/open-client.ts";
import type { OpenClients } from "./open-clients.ts";

/** Creates the clients of one handle, and closes them. */
export class ClientPool implements ClusterClients {
  readonly #context: ClusterContext;
  readonly #open: OpenClients<Cluster>;
  /** The clients of other libraries. */
  readonly #others = new Set<OpenedClient<unknown>>();
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

  connect<Name extends keyof ClientLibraries = "ioredis">(
    options?: ConnectOptions<Name>,
    wait?: WaitOptions,
  ): Promise<ClientLibraries[Name]["client"]>;
  async connect(
    {
      client: name = "ioredis",
      ...options
    }: ConnectOptions<"ioredis"> | ConnectOptions<keyof ClientLibraries> = {},
    wait: WaitOptions = {},
  ): Promise<unknown> {
    if (name !== "ioredis") return await this.#connectOther(name, options, wait);
    const { natMap } = options as ClusterClientOptions;
    if (natMap !== undefined && natMap !== null && !["function", "object"].includes(typeof natMap)) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Connecting a client: expected natMap to be a function or an object, got a ${typeof natMap}.`,
      );
    }
    const connecting = (signal: AbortSignal): Promise<Cluster> =>
      this.#connect(options as ClusterClientOptions, signal);
    return await this.#context.calls.run("Connecting a client", wait, connecting);
  }

  /** Opens a client of another library than ioredis. */
  async #connectOther(name: string, options: object, wait: WaitOptions): Promise<unknown> {
    const library = Object.hasOwn(CLIENT_LIBRARIES, name) ? CLIENT_LIBRARIES[name] : undefined;
    if (library === undefined) {
      const names = ["ioredis", ...Object.keys(CLIENT_LIBRARIES)].map((each) => `"${each}"`);
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Connecting a client: expected client to be one of ${names.join(", ")}, got ${formatValue(name)}.`,
      );
    }
    return await this.#context.calls.run("Connecting a client", wait, async (signal) => {
      const opened = await openClient(library, this.#context, options as never, signal);
      // What closes all clients first waits for the end of this call.
      this.#others.add(opened);
      return opened.client;
    });
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
    await Promise.all([...this.#open.close().map(closeCluster), this.#closeOthers()]);
  }

  /** Closes all clients, also those of the nodes. Nodes create new ones when they are used; {@link renew} creates `client`. */
  async dropAll(): Promise<void> {
    for (const { handle } of this.#context.nodes) handle.renewClient();
    await Promise.all([...this.#open.takeAll().map(closeCluster), this.#closeOthers()]);
  }

  async #closeOthers(): Promise<void> {
    const others = [...this.#others];
    this.#others.clear();
    await Promise.all(others.map(async (opened) => opened.close()));
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
