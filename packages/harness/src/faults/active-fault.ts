import { messageOf, RedisClusterError } from "../errors.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import { inTime, type WaitOptions } from "../lifecycle/wait.ts";

/** What can be done to a cluster. */
export type FaultKind =
  | "kill"
  | "stop"
  | "pause"
  | "partition"
  | "loss"
  | "delay"
  | "slow-commands"
  | "freeze-replication";

/** What is known of a fault. */
export interface FaultFacts {
  readonly kind: FaultKind;
  /** Names of the nodes that it was done to. */
  readonly nodes: readonly string[];
  /** When it began to be applied, as `Date.now()` tells. */
  readonly since: number;
  /** One line for people: what, where, and the seed where chance had a part. */
  readonly description: string;
  /** Given back as `{ random, seed }`, it chooses the same nodes again. Undefined where nothing was left to chance. */
  readonly seed: number | undefined;
}

/** A fault that is in force. `await using` heals it at the end of the block. */
export interface ActiveFault extends FaultFacts, AsyncDisposable {
  /**
   * Takes the fault back and waits until that is done. A second call does nothing more; after one that failed it tries
   * again.
   *
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`; `await using` says nothing then. WAIT_TIMEOUT;
   * WAIT_ABORTED; ENGINE_FAILED; FAULT_FAILED where a filter or delay cannot be taken out; of a kill or stop also what
   * `restart` throws.
   */
  heal(options?: WaitOptions): Promise<void>;
}

/** How a fault is taken back. */
export interface Undo {
  /** For whoever heals it: done when the cluster has recovered from it, as far as that is part of healing. */
  heal(options: WaitOptions): Promise<void>;
  /** For a reset, which starts dead nodes itself. Without one there is nothing to do for it. */
  takeBack?(signal: AbortSignal): Promise<void>;
  /** Closes what the fault has open in this process, when the cluster ends with the fault in force. */
  release?(): void;
}

/** What is late and does not come at all is not waited for by a reset: it looks at every node itself. */
const LATE_LIMIT_MS = 5_000;
/** Healing has the limit of the fault's own undo; this one is for who joins somebody else's. */
const JOIN_DEFAULTS = { timeoutMs: 60_000, timeScale: 1 };

/** All faults that are in force on one cluster. */
export class FaultRegistry {
  readonly #active: ActiveFault[] = [];
  readonly #stopped: () => boolean;
  readonly #refuseStopped: () => void;
  readonly #takeBacks = new WeakMap<ActiveFault, (signal: AbortSignal) => Promise<void>>();
  readonly #releases = new Map<ActiveFault, () => void>();
  /** Faults whose caller had no more time, on their way to being taken back. */
  readonly #late = new Set<Promise<unknown>>();

  /** @param refuseStopped throws once the cluster is stopped. */
  constructor(stopped: () => boolean, refuseStopped: () => void) {
    this.#stopped = stopped;
    this.#refuseStopped = refuseStopped;
  }

  get active(): readonly ActiveFault[] {
    return [...this.#active];
  }

  /** Enters a fault; healing is done once, and tried again only if it failed. */
  add(facts: FaultFacts, undo: Undo): ActiveFault {
    let healing: Promise<void> | undefined;
    const heal = async (options: WaitOptions = {}): Promise<void> => {
      if (healing !== undefined) {
        const others = healing;
        await inTime(`Healing ${facts.description}`, options, JOIN_DEFAULTS, () => others);
        return;
      }
      this.#refuseStopped();
      healing = undo.heal(options).catch((error: unknown) => {
        healing = undefined;
        throw error;
      });
      await healing;
      this.#leave(fault);
    };
    const fault: ActiveFault = {
      ...facts,
      heal,
      // Scopes end from the inside out, unless somebody stopped the cluster in between: then nothing is left to heal.
      [Symbol.asyncDispose]: () => (this.#stopped() ? Promise.resolve() : heal()),
    };
    this.#active.push(fault);
    if (undo.release !== undefined) this.#releases.set(fault, () => undo.release?.());
    this.#takeBacks.set(fault, async (signal) => {
      // Whoever heals it afterwards has nothing left to do.
      healing ??= undo.takeBack?.(signal) ?? Promise.resolve();
      this.#leave(fault);
      await healing;
    });
    return fault;
  }

  #leave(fault: ActiveFault): void {
    const index = this.#active.indexOf(fault);
    if (index !== -1) this.#active.splice(index, 1);
    this.#releases.delete(fault);
  }

  /** Notes that something that came into force too late is being taken back. */
  addLate(takingBack: Promise<unknown>): void {
    const noted = takingBack.catch(() => {}).finally(() => this.#late.delete(noted));
    this.#late.add(noted);
  }

  /** Closes what faults have open in this process. The faults stay as they are. */
  release(): void {
    for (const release of this.#releases.values()) release();
    this.#releases.clear();
  }

  /**
   * Takes every fault back without waiting for the cluster to recover, last in, first out; the dead stay dead. All of
   * them count as healed afterwards. Gives the names of nodes that a fault could not be taken from, and why.
   */
  async takeBackAll(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const failed = new Map<string, string>();
    for (const fault of this.active.toReversed()) {
      const takeBack = this.#takeBacks.get(fault);
      if (takeBack === undefined) continue;
      const why = await takeBack(signal).then(
        () => undefined,
        (error: unknown) => messageOf(error),
      );
      if (why !== undefined) for (const node of fault.nodes) failed.set(node, `${fault.description}: ${why}`);
    }
    // After the others: what is late may be waiting for one of them, as a signal to a frozen process does.
    const limited = AbortSignal.any([signal, AbortSignal.timeout(LATE_LIMIT_MS)]);
    await orAborted(Promise.all(this.#late), limited).catch(() => {});
    return failed;
  }

  /** Heals all, last in, first out; one that fails does not keep the others. */
  async healAll(options: WaitOptions = {}): Promise<void> {
    this.#refuseStopped();
    const errors: unknown[] = [];
    for (const fault of this.active.toReversed()) {
      await fault.heal(options).catch((error: unknown) => errors.push(error));
    }
    await inTime("Taking back what came too late", options, JOIN_DEFAULTS, () =>
      Promise.all(this.#late),
    ).catch((error: unknown) => errors.push(error));
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) {
      // They mostly have one reason: the first of them says what kind of failure it is.
      const code = errors[0] instanceof RedisClusterError ? errors[0].code : "FAULT_FAILED";
      throw new RedisClusterError(
        code,
        `Several faults could not be healed: ${errors.map(messageOf).join("; ")}`,
        { cause: new AggregateError(errors) },
      );
    }
  }
}
