import type { FormationReport } from "../formation/form-cluster.ts";

/** The duration of each phase of a start in milliseconds, and how the cluster was formed. The phases follow each other. */
export interface StartupReport {
  /**
   * Validating the options, finding the engine, starting Testcontainers' reaper (once in a process), and pulling the image if it
   * is missing. This phase and the next three are 0 if another process had started the cluster.
   */
  readonly prepareMs: number;
  /** Starting the watcher process, finding an unused subnet, and creating the network. */
  readonly networkMs: number;
  /** From the first container that is created to the last node that accepts a connection. */
  readonly containersMs: number;
  /** From then on until the cluster is verified. Formation begins while nodes still boot; that part is not counted here. */
  readonly formationMs: number;
  /** Connecting `cluster.client`, and recording the state to which a reset returns. */
  readonly clientsMs: number;
  /** Loading the data of the option `seed`, and verifying that a reset can return to it; 0 without a seed. */
  readonly seedMs: number;
  /** From the call to its return: the sum of the phases. */
  readonly totalMs: number;
  /**
   * How the cluster was formed. `placeholder`: from prepared `nodes.conf` files. `meet`: as redis-cli does it, because the option
   * `formation` is `"meet"` or the first way did not work. `connected`: another process had started the cluster.
   */
  readonly way: FormationReport["way"] | "connected";
  /** Why the cluster was not formed from prepared files; undefined if it was, or if that was not tried. */
  readonly fellBackBecause: string | undefined;
  /**
   * Why the nodes run without labelled volumes, dropped capabilities and `no-new-privileges`: the answer of the engine when it
   * refused to create a container with them. See docs/security.md. Undefined if no container was refused, or if another process
   * had started the cluster.
   */
  readonly hardeningDroppedBecause: string | undefined;
}
