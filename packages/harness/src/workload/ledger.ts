/**
 * What a writer writes. `set`: a key of its own for every write; `register`: one key overwritten again and again;
 * `append`: RPUSH of a unique token; `counter`: INCR; `member`: SADD of a unique token.
 */
export type WriteKind = "set" | "append" | "counter" | "member" | "register";

/** All kinds, in the order in which the log numbers them. */
export const WRITE_KINDS: readonly WriteKind[] = ["set", "append", "counter", "member", "register"];

/** Where a finding is. */
export interface Finding {
  /** The key's name. */
  readonly key: string;
  readonly kind: WriteKind;
  /** The write's token, such as `w3-17`: the 17th write of writer 3. Of a counter: the count. */
  readonly value: string;
  /** The planned shard that the key's slot belongs to. */
  readonly shard: number;
}

/** An acknowledged write that is gone: its value is absent, and no later write can have replaced it. */
export interface LostWrite extends Finding {
  /** When it was sent, in milliseconds since the epoch. */
  readonly sentAt: number;
  /** When its acknowledgement was there, in milliseconds since the epoch. */
  readonly acknowledgedAt: number;
  /** The node that acknowledged it, such as `node-0`: after a split brain the old primary. Undefined: not known. */
  readonly acknowledgedBy: string | undefined;
}

/** Present though never acknowledged. */
export interface UnacknowledgedWrite extends Finding {
  /** `unknown` is no fault. `failed` was refused, and `never-sent` is no write of this workload at that key. */
  readonly outcome: "unknown" | "failed" | "never-sent";
}

/** Applied more often than it was sent. */
export interface DuplicatedWrite extends Finding {
  /** How many times too often: copies of a token in a list, or increments that no attempt accounts for. */
  readonly surplus: number;
}

/** A state that went back behind an acknowledged write of the key's only writer. */
export interface StaleValue extends Finding {
  /** What was there instead: a token, a count, or `absent`. `value` is what had been acknowledged. */
  readonly found: string;
  /** `read-back`: at the end. `read`: a read during the run. */
  readonly seen: "read-back" | "read";
  /** When the acknowledged write had been answered, in milliseconds since the epoch. */
  readonly acknowledgedAt: number;
  /** When the read was answered, in milliseconds since the epoch; of the read-back, the end of the run. */
  readonly seenAt: number;
}

/** One planned shard during the run. */
export interface ShardLedger {
  /** Its index in the plan. */
  readonly shard: number;
  /** Writes to it that were acknowledged. */
  readonly acknowledged: number;
  /**
   * How many of them each node acknowledged, by the node's name. Those of which the node is not known are under
   * `unknown`: its connection closed before it had identified itself.
   */
  readonly acknowledgedBy: Readonly<Record<string, number>>;
  /**
   * The longest time without an acknowledged write while one was wanted, in milliseconds: from the last success
   * before, or from the first attempt after that where it came later, to the next success (or, if none came, as long as
   * `unavailableAtEndMs`). 0 where that is ordinary: 50 ms or less, or no more than 10 medians of the shard's other such times.
   * It is what the clients met: an acknowledgement ends it even if the write does not last, as one of a primary that has
   * been replaced. Such writes are in {@link Ledger.lost}.
   */
  readonly unavailableMs: number;
  /** The last acknowledgement before that, in milliseconds since the epoch. Undefined: none, or nothing to tell. */
  readonly lastSuccessBefore: number | undefined;
  /** The first acknowledgement after it. Undefined: none came, or nothing to tell. */
  readonly firstSuccessAfter: number | undefined;
  /**
   * How long it had taken no write when the writers stopped, in milliseconds, whether that is the longest time or not: from
   * the last success, or from the first attempt after it, to the end of the last attempt. If the clients of all its writers
   * had ended for good, to the end of the run. Undefined if nothing was tried in vain after the last success.
   */
  readonly unavailableAtEndMs: number | undefined;
}

/** A client that ended for good while the workload was running, so that its writers wrote no more. */
export interface EndedClient {
  /** When it ended, in milliseconds since the epoch. */
  readonly endedAt: number;
  /** How many writers it had. */
  readonly writers: number;
}

/** How long acknowledged writes took. All are 0 where there is none. */
export interface LatencySummary {
  /** Acknowledged writes. */
  readonly count: number;
  /** From sending to the answer, WAIT's included, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What became of every write. */
export interface Ledger {
  /** Writes that were answered with success and, with `wait`, by so many replicas as well. */
  readonly acknowledged: number;
  /** Writes in all: the sum of `acknowledged`, `failed` and `unknown`. Reads are not among them. */
  readonly attempts: number;
  /** Writes that the server refused, for certain. */
  readonly failed: number;
  /** Writes without a certain answer: too late, connection closed, fewer replicas than `wait`. May be present. */
  readonly unknown: number;
  /** Reads during the run that were answered. */
  readonly reads: number;
  /** Acknowledged writes that are gone. Of a register, only the newest is expected to be there. */
  readonly lost: readonly LostWrite[];
  /** Present though never acknowledged. Increments are not told one by one, and so not listed. */
  readonly unacknowledgedPresent: readonly UnacknowledgedWrite[];
  /** A token twice in a list, a counter beyond what the attempts explain. */
  readonly duplicated: readonly DuplicatedWrite[];
  /** Registers that read back an older acknowledged value (then `lost` has the newest), and reads that went back. */
  readonly stale: readonly StaleValue[];
  /** One entry for each planned shard, in their order. */
  readonly shards: readonly ShardLedger[];
  /** Attempts without acknowledgement, reads included, by error word: `MOVED`, `CLUSTERDOWN`, `timeout`, `closed`, … */
  readonly errors: Readonly<Record<string, number>>;
  /**
   * How often the clients sent a command again by themselves, by the word of the reply: `MOVED`, `ASK`, `TRYAGAIN`,
   * `CLUSTERDOWN`. What went well in the end is in no other number.
   */
  readonly redirects: Readonly<Record<string, number>>;
  /** Split at the longest unavailability of any shard; where there was none, all is `before`. */
  readonly latency: {
    readonly before: LatencySummary;
    readonly during: LatencySummary;
    readonly after: LatencySummary;
  };
  /**
   * The clients that ended for good before the workload was stopped, such as one whose `clusterRetryStrategy` gave up.
   * Their writers wrote no more; the time until the end of the run counts as unavailable on every shard that no other
   * writer writes to.
   */
  readonly endedClients: readonly EndedClient[];
  /** What every key of the workload begins with, and no other key does. */
  readonly keyPrefix: string;
  /** Given back as the option `seed`, it makes every writer choose as it did. */
  readonly seed: number;
  /**
   * The cluster's, as the option `timeScale` set it. Assertions about times allow so many times the milliseconds that they
   * are given; the times here are those of the clock.
   */
  readonly timeScale: number;
  /** When the writers began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** When the last writer had stopped, in milliseconds since the epoch. */
  readonly stoppedAt: number;
}
