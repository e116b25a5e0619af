import type { HostAndPort } from "../../plan/cluster-plan.ts";
import type { ClientTls } from "../access.ts";

/** What an adapter needs to connect to the cluster. */
export interface ClientTarget {
  /** The addresses that the nodes announce, in the order of the plan. */
  readonly announced: readonly HostAndPort[];
  /** Returns the address at which this host reaches the node that announces an address or a name, at this moment. */
  readonly reach: (announced: HostAndPort) => HostAndPort;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: ClientTls | undefined;
}

/** A connected client of any library. */
export interface OpenedClient<Client> {
  readonly client: Client;
  /** Closes the client permanently, without waiting for answers. Never rejects. */
  close(): void | Promise<void>;
}

/** Opens clients of one library. */
export interface ClientLibrary<Options, Client> {
  /** The npm package, which is an optional peer dependency. */
  readonly packageName: string;
  /** The supported versions of the package. */
  readonly range: string;
  /** Why the library cannot connect to this cluster, as a sentence; undefined if it can. */
  findObstacle?(target: ClientTarget): string | undefined;
  /**
   * Makes one attempt to connect. A client that does not connect is closed.
   *
   * @param library the exports of the package.
   * @param signal ends the attempt.
   */
  open(
    library: object,
    target: ClientTarget,
    options: Options,
    signal: AbortSignal,
  ): Promise<OpenedClient<Client>>;
}
