import type { FormationReport } from "../formation/form-cluster.ts";
import type { AccessPath } from "../plan/options.generated.ts";

/** The duration of each phase of a start in milliseconds, and how the cluster was formed. The phases follow each other. */
export interface StartupReport {
  /**
   * Validating the options, finding the engine, starting Testcontainers' reaper (once in a process), pulling the image if it is
   * missing, and attempts that were repeated with published ports or with other ports. This phase and the next three are 0 if
   * another process had started the cluster.
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
   * How the cluster was formed.
   *
   * - `"placeholder"`: from prepared `nodes.conf` files.
   * - `"meet"`: as redis-cli does it, because the option `formation` is `"meet"` or the first strategy did not work.
   * - `"connected"`: another process had started the cluster.
   */
  readonly strategy: FormationReport["strategy"] | "connected";
  /** Why the cluster was not formed from prepared files; undefined if it was, or if that was not tried. */
  readonly fallbackReason: string | undefined;
  /**
   * Why the nodes run without labelled volumes, dropped capabilities and `no-new-privileges`: the answer of the engine when it
   * refused to create a container with them. See docs/guides/security.md. Undefined if no container was refused, or if another
   * process had started the cluster.
   */
  readonly hardeningFallbackReason: string | undefined;
  /**
   * How this host reaches the nodes. With the option `access: "auto"` it is `"direct"` if that is possible and no option requests
   * host ports.
   */
  readonly access: AccessPath;
  /**
   * Why a start with `access: "auto"` published ports. Undefined if it did not, or if another process had started the cluster.
   */
  readonly accessFallbackReason: string | undefined;
  /** @deprecated Use {@link strategy}. */
  readonly way: FormationReport["strategy"] | "connected";
  /** @deprecated Use {@link fallbackReason}. */
  readonly fellBackBecause: string | undefined;
  /** @deprecated Use {@link hardeningFallbackReason}. */
  readonly hardeningDroppedBecause: string | undefined;
}

type DeprecatedName = "way" | "fellBackBecause" | "hardeningDroppedBecause";

/** A report without its deprecated names. */
export type StartupFacts = Omit<StartupReport, DeprecatedName>;

/** Adds the deprecated names to a report. */
export function withDeprecatedNames(report: StartupFacts): StartupReport {
  const { strategy, fallbackReason, hardeningFallbackReason } = report;
  return {
    ...report,
    way: strategy,
    fellBackBecause: fallbackReason,
    hardeningDroppedBecause: hardeningFallbackReason,
  };
}
