import { messageOf, RedisClusterError } from "../errors.ts";
import type { Failover } from "../failover/failover.ts";
import type { FaultFacts } from "../faults/fault.ts";
import type { Ledger } from "../workload/ledger.ts";
import { wallClockMs } from "../clock/real-time.ts";

/** So many of each kind are kept, the newest ones. */
const MOST = 200;

/** A fault that was done to the cluster. */
export interface PastFault extends FaultFacts {
  /** When it had been taken back, as `Date.now()` tells. Undefined while it is in force. */
  readonly healedAt: number | undefined;
}

/** An error that a call of the cluster threw. */
export interface PastError {
  /** As `Date.now()` tells. */
  readonly at: number;
  /** What was being done: `Waiting for a healthy cluster`. */
  readonly phase: string;
  /** Of an error of this library; undefined for any other. */
  readonly code: string | undefined;
  readonly message: string;
}

/** A choice of chance that can be repeated. */
export interface PastSeed {
  /** As `Date.now()` tells. */
  readonly at: number;
  /** `workload`, or what was done to the nodes that chance chose: `Killing node-3`. */
  readonly what: string;
  readonly seed: number;
}

/** What happened on a cluster since its start, oldest first. Of each kind the last 200 are kept. */
export interface HistoryView {
  /** From when on it tells, as `Date.now()` tells. */
  readonly since: number;
  readonly faults: readonly PastFault[];
  /** Those that `observeFailover` saw to their end. */
  readonly failovers: readonly Failover[];
  /** Of the workloads that were stopped with `stop()`. */
  readonly ledgers: readonly Ledger[];
  readonly errors: readonly PastError[];
  readonly seeds: readonly PastSeed[];
  /** How many older ones of each kind were let go. */
  readonly dropped: Readonly<Record<"faults" | "failovers" | "ledgers" | "errors" | "seeds", number>>;
}

/** Writes down what happens on a cluster. The handle fills it. */
export class ClusterHistory implements HistoryView {
  #since = wallClockMs();
  #faults = new Recent<{ facts: FaultFacts; healedAt: number | undefined }>();
  #failovers = new Recent<Failover>();
  #ledgers = new Recent<Ledger>();
  #errors = new Recent<PastError>();
  #seeds = new Recent<PastSeed>();
  /** An error often passes several calls on its way out. */
  #seen = new WeakSet<object>();

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

  /** Enters a fault. The function that it gives is to be called when the fault has been taken back. */
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

  /** Enters what a call threw, once however often it is thrown on. */
  addError(phase: string, thrown: unknown): void {
    if (typeof thrown === "object" && thrown !== null) {
      if (this.#seen.has(thrown)) return;
      this.#seen.add(thrown);
    }
    const code = thrown instanceof RedisClusterError ? thrown.code : undefined;
    this.#errors.add({ at: wallClockMs(), phase, code, message: messageOf(thrown) });
  }

  /** Forgets everything and begins anew. A fault that is still in force is not told of any more. */
  clear(): void {
    this.#since = wallClockMs();
    for (const each of [this.#faults, this.#failovers, this.#ledgers, this.#errors, this.#seeds])
      each.clear();
  }
}

/** The last few of something. */
class Recent<T> {
  items: T[] = [];
  dropped = 0;

  add(item: T): void {
    this.items.push(item);
    if (this.items.length <= MOST) return;
    this.items.shift();
    this.dropped += 1;
  }

  clear(): void {
    this.items = [];
    this.dropped = 0;
  }
}
