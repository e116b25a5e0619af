import type { ApiCalls } from "../cluster/api-calls.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { withinDeadline, type WaitDefaults, type WaitOptions } from "../timing/call-deadline.ts";
import type { ActiveFault, FaultFacts, FaultKind } from "./fault.ts";
import { describeLate, type LateFaults } from "./late-faults.ts";
import type { Cut } from "./plan-partition.ts";

/** What an active fault means for a node that starts while the fault is active. */
export interface RestartConstraint {
  /** What can be waited for after the start: that the node answers, or nothing. */
  readonly waitFor: "answer" | "nothing";
  /** Applies the fault again, because it was in the network namespace that ended with the old process. */
  readonly reapply?: () => Promise<void>;
}

/** How a fault ends, and what it means while it is active. */
export interface FaultControl {
  /** Reverts the fault for `heal()`, and waits until the cluster has recovered as far as that is part of healing. */
  heal(options: WaitOptions): Promise<void>;
  /** Reverts the fault for a reset. Without it there is nothing to revert: a reset starts stopped nodes itself. */
  revert?(signal: AbortSignal): Promise<void>;
  /** Closes the connections that the fault keeps open in this process. */
  release?(): void;
  /** Is called when the fault ends without `heal()` or a reset, because its nodes were started or resumed. */
  onEnded?(): void;
  /** Returns what the fault means for a node that starts; undefined if it does not affect the node. */
  constraintFor?(node: string): RestartConstraint | undefined;
  /** The packets that the fault drops without exception between nodes; undefined if it drops none, or only a share. */
  readonly cuts?: readonly Cut[] | undefined;
}

/** The timeout of a call that waits for a `heal()` of another caller, which has a timeout of its own. */
const JOIN_TIMEOUT_MS = 60_000;

interface Entry {
  readonly fault: ActiveFault;
  readonly control: FaultControl;
  /** The names of the nodes to which the fault still applies. */
  readonly remaining: Set<string>;
  healing: Promise<void> | undefined;
}

/** The active faults of one handle. */
export class FaultRegistry {
  readonly #entries: Entry[] = [];
  readonly #calls: Pick<ApiCalls, "ended" | "throwIfEnded">;
  readonly #joining: WaitDefaults;
  readonly #late: LateFaults;

  constructor(calls: Pick<ApiCalls, "ended" | "throwIfEnded">, timeScale: number, late: LateFaults) {
    this.#calls = calls;
    this.#joining = { timeoutMs: JOIN_TIMEOUT_MS, timeScale };
    this.#late = late;
  }

  /** The active faults, oldest first. */
  get active(): readonly ActiveFault[] {
    return this.#entries.map(({ fault }) => fault);
  }

  /** The filters of all active faults that drop every packet between two nodes. */
  get cuts(): readonly Cut[] {
    return this.#entries.flatMap(({ control }) => control.cuts ?? []);
  }

  /** Adds a fault that is active, and returns the object that heals it. A heal that failed can be tried again. */
  add(facts: FaultFacts, control: FaultControl): ActiveFault {
    const heal = async (options: WaitOptions = {}): Promise<void> => {
      if (entry.healing !== undefined) {
        const ongoing = entry.healing;
        await withinDeadline(`Healing ${facts.description}`, options, this.#joining, () => ongoing);
        return;
      }
      this.#calls.throwIfEnded();
      entry.healing = control.heal(options).catch((error: unknown) => {
        entry.healing = undefined;
        throw error;
      });
      await entry.healing;
      this.#remove(entry);
    };
    const fault: ActiveFault = {
      ...facts,
      heal,
      // Blocks end from the inside out. If the cluster was stopped in between, there is nothing left to heal.
      [Symbol.asyncDispose]: () => (this.#calls.ended === undefined ? heal() : Promise.resolve()),
    };
    const entry: Entry = { fault, control, remaining: new Set(facts.nodes), healing: undefined };
    this.#entries.push(entry);
    return fault;
  }

  /**
   * Ends faults of these kinds for a node that was started or resumed. A fault that applies to no node any more has ended, and
   * its `heal()` does nothing.
   */
  endFaults(kinds: readonly FaultKind[], node: string): void {
    for (const entry of [...this.#entries]) {
      // A heal that has begun ends the fault itself.
      if (entry.healing !== undefined || !kinds.includes(entry.fault.kind)) continue;
      entry.remaining.delete(node);
      if (entry.remaining.size > 0) continue;
      entry.healing = Promise.resolve();
      this.#remove(entry);
      entry.control.release?.();
      entry.control.onEnded?.();
    }
  }

  /** Returns what the active faults mean for a node that starts. Faults that are being healed do not count. */
  constraintsFor(node: string): readonly RestartConstraint[] {
    return this.#entries
      .filter(({ healing }) => healing === undefined)
      .map(({ control }) => control.constraintFor?.(node))
      .filter((constraint) => constraint !== undefined);
  }

  /** Closes the connections that faults keep open in this process. The faults themselves are not changed. */
  release(): void {
    for (const { control } of this.#entries) control.release?.();
  }

  /**
   * Reverts every fault for a reset, last in, first out, without waiting for the cluster to recover. Stopped nodes stay stopped.
   * All faults count as healed afterwards.
   *
   * @returns the names of the nodes from which a fault could not be removed, or which a late fault may still reach, each with the
   * reason.
   */
  async revertAll(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const failed = new Map<string, string>();
    for (const entry of this.#entries.toReversed()) {
      const { fault } = entry;
      const reason = await this.#revert(entry, signal).then(
        () => undefined,
        (error: unknown) => messageOf(error),
      );
      if (reason === undefined) continue;
      for (const node of fault.nodes) failed.set(node, `${fault.description}: ${reason}`);
    }
    // After the others: a late fault may be waiting for one of them, as a signal to a paused process does.
    await this.#late.settle(signal);
    for (const late of this.#late.pending) {
      for (const node of late.nodes) failed.set(node, describeLate(late));
    }
    return failed;
  }

  /** Heals every fault, last in, first out. If one fails, the others are still healed. */
  async healAll(options: WaitOptions = {}): Promise<void> {
    this.#calls.throwIfEnded();
    const errors: unknown[] = [];
    for (const fault of this.active.toReversed()) {
      await fault.heal(options).catch((error: unknown) => errors.push(error));
    }
    await withinDeadline("Reverting late faults", options, this.#joining, () => this.#late.settled()).catch(
      (error: unknown) => errors.push(error),
    );
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) {
      // They mostly have one reason, so the first error determines the code.
      const code = errors[0] instanceof RedisClusterError ? errors[0].code : "FAULT_FAILED";
      throw new RedisClusterError(
        code,
        `Several faults could not be healed: ${errors.map(messageOf).join("; ")}`,
        { cause: new AggregateError(errors) },
      );
    }
  }

  #remove(entry: Entry): void {
    const index = this.#entries.indexOf(entry);
    if (index !== -1) this.#entries.splice(index, 1);
  }

  async #revert(entry: Entry, signal: AbortSignal): Promise<void> {
    // A later `heal()` has nothing left to do.
    entry.healing ??= entry.control.revert?.(signal) ?? Promise.resolve();
    this.#remove(entry);
    await entry.healing;
  }
}
