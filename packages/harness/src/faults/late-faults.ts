import type { ManagedNode } from "../cluster/managed-node.ts";
import { abortable } from "../timing/deadline.ts";

/** A reset waits this long, times the time scale, for faults whose callers no longer wait. */
const SETTLE_TIMEOUT_MS = 5_000;

/** A fault whose caller stopped waiting before the fault was active, and which may still become active. */
export interface LateFault {
  /** The action, as in `Killing node-0`. */
  readonly what: string;
  /** The names of the nodes to which the fault may still be applied. */
  readonly nodes: readonly string[];
}

/** Describes a pending late fault in one sentence. */
export function describeLate({ what }: LateFault): string {
  return `${what} was abandoned, and may still take effect`;
}

/** The late faults of one cluster. All handles of the cluster in this process share them. */
export class LateFaults {
  readonly #settleTimeoutMs: number;
  /** The faults, by the promise that settles when the fault has been reverted or has failed. */
  readonly #faults = new Map<Promise<unknown>, LateFault>();

  constructor(timeScale: number) {
    this.#settleTimeoutMs = Math.round(SETTLE_TIMEOUT_MS * timeScale);
  }

  /**
   * Waits until a fault is active. If the signal is aborted before, the fault is late: it is reverted as soon as it becomes
   * active, and a heal or a reset waits for that.
   *
   * @param doing the action, as in `Killing`.
   * @param applying settles when the fault is active or has failed.
   * @param revert reverts the fault if it becomes active too late.
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

  /**
   * Records a late fault until it is reverted.
   *
   * @param reverted settles when the fault has been reverted or has failed.
   */
  add(fault: LateFault, reverted: Promise<unknown>): void {
    const settled = reverted.catch(() => {}).finally(() => this.#faults.delete(settled));
    this.#faults.set(settled, fault);
  }

  /** The faults that may still become active. */
  get pending(): readonly LateFault[] {
    return [...this.#faults.values()];
  }

  /** Waits until no fault is pending. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#faults.keys());
  }

  /**
   * Waits until no fault is pending, but at most 5 s times the time scale, because a call to an engine that hangs never ends.
   * Resolves also if faults are still pending then.
   *
   * @throws the reason of the signal if it is aborted.
   */
  async settle(signal: AbortSignal): Promise<void> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#settleTimeoutMs)]);
    await abortable(this.settled(), limited).catch(() => {});
    signal.throwIfAborted();
  }
}
