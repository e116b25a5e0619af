import { messageOf, RedisClusterError } from "../errors.ts";
import { inTime, type WaitDefaults, type WaitOptions } from "../lifecycle/wait.ts";
import { describeLate, type LateFaults } from "./late-faults.ts";
import type { Cut } from "./partition.ts";

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
  /** Closes what the fault has open in this process, when it ends otherwise than by healing, or with the cluster. */
  release?(): void;
  /** Hears that the fault is over although nobody healed it. */
  over?(): void;
  /** What the fault means for a node that starts again while it is in force; undefined where it means nothing. */
  standing?(node: string): Standing | undefined;
  /** What the fault drops between nodes without exception; undefined where it drops nothing, or only a share. */
  readonly cuts?: readonly Cut[] | undefined;
}

/** What a fault of the network means for a node that starts again while it is in force. */
export interface Standing {
  /** All that can be waited for then: that the node answers, or not even that. */
  readonly waitFor: "answer" | "nothing";
  /** Puts the fault in force again where it had been in the node's old network, which is gone. */
  readonly renew?: () => Promise<void>;
}

/** Healing has the limit of the fault's own undo; this one is for who joins somebody else's. */
const JOIN_MS = 60_000;

/** A fault in force, and what is known of its end. */
interface Entry {
  readonly fault: ActiveFault;
  readonly undo: Undo;
  /** Names of the nodes that it has not been taken from otherwise. */
  readonly left: Set<string>;
  healing: Promise<void> | undefined;
}

/** All faults that are in force on one cluster. */
export class FaultRegistry {
  readonly #entries: Entry[] = [];
  readonly #joining: WaitDefaults;
  readonly #stopped: () => boolean;
  readonly #refuseStopped: () => void;
  readonly #late: LateFaults;

  /** @param refuseStopped throws once the cluster is stopped. */
  constructor(timeScale: number, late: LateFaults, stopped: () => boolean, refuseStopped: () => void) {
    this.#late = late;
    this.#joining = { timeoutMs: JOIN_MS, timeScale };
    this.#stopped = stopped;
    this.#refuseStopped = refuseStopped;
  }

  get active(): readonly ActiveFault[] {
    return this.#entries.map(({ fault }) => fault);
  }

  /** Enters a fault; healing is done once, and tried again only if it failed. */
  add(facts: FaultFacts, undo: Undo): ActiveFault {
    const heal = async (options: WaitOptions = {}): Promise<void> => {
      if (entry.healing !== undefined) {
        const others = entry.healing;
        await inTime(`Healing ${facts.description}`, options, this.#joining, () => others);
        return;
      }
      this.#refuseStopped();
      entry.healing = undo.heal(options).catch((error: unknown) => {
        entry.healing = undefined;
        throw error;
      });
      await entry.healing;
      this.#leave(entry);
    };
    const fault: ActiveFault = {
      ...facts,
      heal,
      // Scopes end from the inside out, unless somebody stopped the cluster in between: then nothing is left to heal.
      [Symbol.asyncDispose]: () => (this.#stopped() ? Promise.resolve() : heal()),
    };
    const entry: Entry = { fault, undo, left: new Set(facts.nodes), healing: undefined };
    this.#entries.push(entry);
    return fault;
  }

  #leave(entry: Entry): void {
    const index = this.#entries.indexOf(entry);
    if (index !== -1) this.#entries.splice(index, 1);
  }

  /**
   * Notes that a node is under no fault of these kinds any more: somebody started it again, or let it go on. A fault that
   * no node is left under is over, and whoever heals it afterwards has nothing left to do.
   */
  noLonger(kinds: readonly FaultKind[], node: string): void {
    for (const entry of [...this.#entries]) {
      // Who heals it sees to its end.
      if (entry.healing !== undefined || !kinds.includes(entry.fault.kind)) continue;
      entry.left.delete(node);
      if (entry.left.size > 0) continue;
      entry.healing = Promise.resolve();
      this.#leave(entry);
      entry.undo.release?.();
      entry.undo.over?.();
    }
  }

  /** What the faults that are in force, and that nobody is healing, mean for a node that starts again. */
  standing(node: string): readonly Standing[] {
    return this.#entries
      .filter(({ healing }) => healing === undefined)
      .map(({ undo }) => undo.standing?.(node))
      .filter((standing) => standing !== undefined);
  }

  /** All filters of the active faults that drop every packet between two nodes. */
  get cuts(): readonly Cut[] {
    return this.#entries.flatMap(({ undo }) => undo.cuts ?? []);
  }

  /** Closes what faults have open in this process. The faults stay as they are. */
  release(): void {
    for (const { undo } of this.#entries) undo.release?.();
  }

  async #takeBack(entry: Entry, signal: AbortSignal): Promise<void> {
    // Whoever heals it afterwards has nothing left to do.
    entry.healing ??= entry.undo.takeBack?.(signal) ?? Promise.resolve();
    this.#leave(entry);
    await entry.healing;
  }

  /**
   * Takes every fault back without waiting for the cluster to recover, last in, first out; the dead stay dead. All of
   * them count as healed afterwards. Returns the names of nodes that a fault could not be removed from, or that a late
   * fault may still reach, and why.
   */
  async takeBackAll(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const failed = new Map<string, string>();
    for (const entry of this.#entries.toReversed()) {
      const { fault } = entry;
      const why = await this.#takeBack(entry, signal).then(
        () => undefined,
        (error: unknown) => messageOf(error),
      );
      if (why !== undefined) for (const node of fault.nodes) failed.set(node, `${fault.description}: ${why}`);
    }
    // After the others: what is late may be waiting for one of them, as a signal to a frozen process does.
    await this.#late.settle(signal);
    for (const late of this.#late.pending) {
      for (const node of late.nodes) failed.set(node, describeLate(late));
    }
    return failed;
  }

  /** Heals all, last in, first out; one that fails does not keep the others. */
  async healAll(options: WaitOptions = {}): Promise<void> {
    this.#refuseStopped();
    const errors: unknown[] = [];
    for (const fault of this.active.toReversed()) {
      await fault.heal(options).catch((error: unknown) => errors.push(error));
    }
    await inTime("Taking back what came too late", options, this.#joining, () => this.#late.settled()).catch(
      (error: unknown) => errors.push(error),
    );
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
