import type { ManagedNode } from "../cluster/managed-node.ts";
import { abortable } from "../timing/deadline.ts";

/** A reset waits this long, times the time scale, for faults whose callers have stopped waiting. */
const LATE_LIMIT_MS = 5_000;

/** A fault whose caller stopped waiting before the fault was active. */
export interface LateFault {
  /** As in `Killing node-0`. */
  readonly what: string;
  /** Names of the nodes that the fault may still reach. */
  readonly nodes: readonly string[];
}

/** The sentence for a late fault that is pending. */
export function describeLate({ what }: LateFault): string {
  return `${what} was given up, and may still happen`;
}

/** The late faults of one cluster. All handles that this process lends for the cluster share them. */
export class LateFaults {
  readonly #limitMs: number;
  /** By the promise that settles when the fault is reverted. */
  readonly #faults = new Map<Promise<unknown>, LateFault>();

  constructor(timeScale: number) {
    this.#limitMs = Math.round(LATE_LIMIT_MS * timeScale);
  }

  /**
   * Waits until a fault is active. If the signal aborts before, the fault is late: it is reverted as soon as it becomes active,
   * and a heal or a reset waits for that.
   *
   * @param doing what is done, as in `Killing`.
   * @param applying settles when the fault is active, or has failed.
   */
  async applyOrRevert<T>(
    doing: string,
    nodes: readonly ManagedNode[],
    applying: Promise<T>,
    revert: (applied: T) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<T> {
    try {
      return await abortable(applying, signal);
    } catch (error) {
      if (signal.aborted) {
        const names = nodes.map(({ plan }) => plan.name);
        this.add({ what: `${doing} ${names.join(", ")}`, nodes: names }, applying.then(revert));
      }
      throw error;
    }
  }

  /** @param reverted settles when the fault has become active and is reverted, or has failed. */
  add(fault: LateFault, reverted: Promise<unknown>): void {
    const noted = reverted.catch(() => {}).finally(() => this.#faults.delete(noted));
    this.#faults.set(noted, fault);
  }

  /** Faults that may still become active. */
  get pending(): readonly LateFault[] {
    return [...this.#faults.values()];
  }

  /** Waits until no fault is pending. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#faults.keys());
  }

  /**
   * Waits until no fault is pending, but no longer than the limit. A call to an engine that hangs never ends.
   *
   * @throws the signal's reason.
   */
  async settle(signal: AbortSignal): Promise<void> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#limitMs)]);
    await abortable(this.settled(), limited).catch(() => {});
    signal.throwIfAborted();
  }
}
