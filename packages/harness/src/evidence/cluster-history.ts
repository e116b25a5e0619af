import { messageOf, RedisClusterError } from "../errors.ts";
import type { Failover } from "../failover/failover.ts";
import type { FaultFacts } from "../faults/fault.ts";
import type { Ledger } from "../workload/ledger.ts";
import { wallClockMs } from "../clock/real-time.ts";

/** The number of entries of each kind that are kept: the newest ones. */
const MAX_ENTRIES = 200;

/** A fault that was applied to the cluster. */
export interface PastFault extends FaultFacts {
  /** When the fault had been reverted, in milliseconds since 1970, as `Date.now()` returns them. Undefined while it is active. */
  readonly healedAt: number | undefined;
}

/** An error that a call of the cluster threw. */
export interface PastError {
  /** When the error was recorded, in milliseconds since 1970, as `Date.now()` returns them. */
  readonly at: number;
  /** What the call was doing: `Waiting for a healthy cluster`. */
  readonly phase: string;
  /** The code of an error of this library; undefined for other errors. */
  readonly code: string | undefined;
  /** The message of the error. */
  readonly message: string;
}

/** The seed of a random choice, with which the choice can be repeated. */
export interface PastSeed {
  /** When the seed was recorded, in milliseconds since 1970, as `Date.now()` returns them. */
  readonly at: number;
  /** `workload`, or what was done to the randomly chosen nodes: `Killing node-3`. */
  readonly what: string;
  /** The seed. */
  readonly seed: number;
}

/** What happened on a cluster since its start or its last `reset()`, oldest first. The last 200 entries of each kind are kept. */
export interface HistoryView {
  /** When the history starts, in milliseconds since 1970, as `Date.now()` returns them. */
  readonly since: number;
  /** The faults that were applied. */
  readonly faults: readonly PastFault[];
  /** The failovers that `observeFailover` observed completely. */
  readonly failovers: readonly Failover[];
  /** The ledgers of the workloads that were stopped with `stop()`. */
  readonly ledgers: readonly Ledger[];
  /** The errors that calls threw, each once. */
  readonly errors: readonly PastError[];
  /** The seeds of all random choices. */
  readonly seeds: readonly PastSeed[];
  /** The number of older entries of each kind that were dropped. */
  readonly dropped: Readonly<Record<"faults" | "failovers" | "ledgers" | "errors" | "seeds", number>>;
}

/** Records what happens on a cluster. The handle adds the entries. */
export class ClusterHistory implements HistoryView {
  #since = wallClockMs();
  #faults = new BoundedList<{ facts: FaultFacts; healedAt: number | undefined }>();
  #failovers = new BoundedList<Failover>();
  #ledgers = new BoundedList<Ledger>();
  #errors = new BoundedList<PastError>();
  #seeds = new BoundedList<PastSeed>();
  /** The errors that are recorded already. An error often passes through several calls. */
  #recordedErrors = new WeakSet<object>();

  get since(): number {
    return this.#since;
  }
  get faults(): readonly PastFault[] {
    return this.#faults.items.map(({ facts, healedAt }) => ({ ...facts, healedAt }));
  }
  get failovers(): readonly Failover[] {
    return [...this.#failovers.items];
  }
  get ledgers(): readonly Ledger[] {
    return [...this.#ledgers.items];
  }
  get errors(): readonly PastError[] {
    return [...this.#errors.items];
  }
  get seeds(): readonly PastSeed[] {
    return [...this.#seeds.items];
  }
  get dropped(): HistoryView["dropped"] {
    return {
      faults: this.#faults.dropped,
      failovers: this.#failovers.dropped,
      ledgers: this.#ledgers.dropped,
      errors: this.#errors.dropped,
      seeds: this.#seeds.dropped,
    };
  }

  /** Records a fault. Returns a function that must be called when the fault has been reverted. */
  addFault({ kind, nodes, since, description, seed }: FaultFacts): () => void {
    const entry: { facts: FaultFacts; healedAt: number | undefined } = {
      facts: { kind, nodes, since, description, seed },
      healedAt: undefined,
    };
    this.#faults.add(entry);
    return () => {
      entry.healedAt ??= wallClockMs();
    };
  }

  addFailover(failover: Failover): void {
    this.#failovers.add(failover);
  }

  addLedger(ledger: Ledger): void {
    this.#ledgers.add(ledger);
  }

  addSeed(what: string, seed: number): void {
    this.#seeds.add({ at: wallClockMs(), what, seed });
  }

  /** Records what a call threw. An error that passes through several calls is recorded once. */
  addError(phase: string, thrown: unknown): void {
    if (typeof thrown === "object" && thrown !== null) {
      if (this.#recordedErrors.has(thrown)) return;
      this.#recordedErrors.add(thrown);
    }
    const code = thrown instanceof RedisClusterError ? thrown.code : undefined;
    this.#errors.add({ at: wallClockMs(), phase, code, message: messageOf(thrown) });
  }

  /** Removes all entries and restarts the history. A fault that is still active is removed as well. */
  clear(): void {
    this.#since = wallClockMs();
    for (const list of [this.#faults, this.#failovers, this.#ledgers, this.#errors, this.#seeds])
      list.clear();
  }
}

/** The last {@link MAX_ENTRIES} items that were added. */
class BoundedList<T> {
  items: T[] = [];
  dropped = 0;

  add(item: T): void {
    this.items.push(item);
    if (this.items.length <= MAX_ENTRIES) return;
    this.items.shift();
    this.dropped += 1;
  }

  clear(): void {
    this.items = [];
    this.dropped = 0;
  }
}
