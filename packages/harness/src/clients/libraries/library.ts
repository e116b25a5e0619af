import type { ClusterPlan } from "../../plan/cluster-plan.ts";
import type { Access } from "../access.ts";
import type { AddressTable } from "../address-table.ts";

/** What an adapter needs to connect to the cluster. */
export interface ClientTarget {
  readonly plan: ClusterPlan;
  readonly addresses: AddressTable;
  readonly access: Access;
}

/** The pause between two attempts to connect, of a library that does not itself try again. */
export const RETRY_MS = 50;

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
   * Opens a client and waits until it is connected, after any number of attempts. A client that does not connect is closed.
   *
   * @param library the exports of the package.
   * @param signal ends the attempts.
   * @throws the last error of the client, or the reason of the signal, if the signal is aborted.
   */
  open(
    library: object,
    target: ClientTarget,
    options: Options,
    signal: AbortSignal,
  ): Promise<OpenedClient<Client>>;
}
