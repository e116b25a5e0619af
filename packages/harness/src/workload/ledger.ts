/**
 * The kind of a write. `set` writes a new key each time, `register` overwrites one key again and again, `append` is RPUSH of a
 * unique token, `counter` is INCR, and `member` is SADD of a unique token.
 */
export type WriteKind = "set" | "append" | "counter" | "member" | "register";

/** All kinds, in the order in which the log numbers them. */
export const WRITE_KINDS: readonly WriteKind[] = ["set", "append", "counter", "member", "register"];

/** The write that a finding is about. */
export interface Finding {
  /** The name of the key. */
  readonly key: string;
  /** The kind of the write. */
  readonly kind: WriteKind;
  /** The token of the write. `w3-17` is the 17th write of writer 3. For a counter: the count. */
  readonly value: string;
  /** The index of the planned shard to which the slot of the key belongs. */
  readonly shard: number;
}

/** An acknowledged write that is lost: its value is absent, and no later write can have replaced it. */
export interface LostWrite extends Finding {
  /** When the write was sent, in milliseconds since the epoch. */
  readonly sentAt: number;
  /** When the acknowledgement arrived, in milliseconds since the epoch. */
  readonly acknowledgedAt: number;
  /** The name of the node that acknowledged the write. After a split brain it is the old primary. Undefined if it is unknown. */
  readonly acknowledgedBy: string | undefined;
}

/** A write that is present although it was never acknowledged. */
export interface UnacknowledgedWrite extends Finding {
  /**
   * `unknown`: the outcome of the write is unknown, so that its presence is correct. `failed`: the server refused the write.
   * `never-sent`: this workload never sent this value to this key.
   */
  readonly outcome: "unknown" | "failed" | "never-sent";
}

/** A write that was applied more often than it was sent. */
export interface DuplicatedWrite extends Finding {
  /** The number of extra copies of a token in a list, or the number of increments that no attempt explains. */
  readonly surplus: number;
}

/** A key with an older state than the acknowledged write of its only writer. */
export interface StaleValue extends Finding {
  /** What was found instead of `value`: a token, a count, or `absent`. `value` is what was acknowledged. */
  readonly found: string;
  /** `read-back`: found at the end. `read`: found by a read during the run. */
  readonly seen: "read-back" | "read";
  /** When the acknowledged write was answered, in milliseconds since the epoch. */
  readonly acknowledgedAt: number;
  /** When the read was answered, in milliseconds since the epoch. For `read-back`: the end of the run. */
  readonly seenAt: number;
}

/** One planned shard during the run. */
export interface ShardLedger {
  /** The index of the shard in the plan. */
  readonly shard: number;
  /** The number of acknowledged writes to the shard. */
  readonly acknowledged: number;
  /**
   * The number of writes that each node acknowledged, by the name of the node. Writes are counted under `unknown` if the
   * connection closed before its node had identified itself.
   */
  readonly acknowledgedBy: Readonly<Record<string, number>>;
  /**
   * The longest time without an acknowledged write while writers tried to write, in milliseconds. It lasts from the last success,
   * or from the first attempt after it if that is later, to the next success. If no success followed, it equals
   * `unavailableAtEndMs`. It is 0 if the time is normal: 50 ms or less, or no more than 10 times the median of the shard's other
   * such times.
   *
   * This is what the clients observed. An acknowledgement ends the time even if the write is lost later, as are writes that a
   * replaced primary acknowledged. {@link Ledger.lost} lists such writes.
   */
  readonly unavailableMs: number;
  /**
   * The last acknowledgement before the longest time, in milliseconds since the epoch. Undefined if there was none, or if
   * `unavailableMs` is 0.
   */
  readonly lastSuccessBefore: number | undefined;
  /**
   * The first acknowledgement after the longest time, in milliseconds since the epoch. Undefined if there was none, or if
   * `unavailableMs` is 0.
   */
  readonly firstSuccessAfter: number | undefined;
  /**
   * How long the shard had accepted no writes when the writers stopped, in milliseconds, even if this is not the longest time. It
   * lasts from the last success, or from the first attempt after it, to the end of the last attempt. If the clients of all its
   * writers had ended permanently, it lasts to the end of the run. Undefined if no attempt failed after the last success.
   */
  readonly unavailableAtEndMs: number | undefined;
}

/** A client that ended permanently while the workload was running, so that its writers stopped. */
export interface EndedClient {
  /** When the client ended, in milliseconds since the epoch. */
  readonly endedAt: number;
  /** The number of writers that used the client. */
  readonly writers: number;
}

/**
 * How long acknowledged writes took, from sending the command to its reply, including the reply of WAIT. All numbers are 0 if
 * there are no writes.
 */
export interface LatencySummary {
  /** The number of acknowledged writes. */
  readonly count: number;
  /** The median, in milliseconds. */
  readonly p50Ms: number;
  /** The 99th percentile, in milliseconds. */
  readonly p99Ms: number;
  /** The maximum, in milliseconds. */
  readonly maxMs: number;
}

/** The results of a workload: what happened to every write. */
export interface Ledger {
  /** The number of writes that the server acknowledged and, with the option `wait`, that number of replicas as well. */
  readonly acknowledged: number;
  /** The number of writes: the sum of `acknowledged`, `failed` and `unknown`. Reads are not included. */
  readonly attempts: number;
  /** The number of writes that the server certainly refused. */
  readonly failed: number;
  /**
   * The number of writes without a certain reply: a timeout, a closed connection, or fewer replicas than `wait`. These writes may
   * be present.
   */
  readonly unknown: number;
  /** The number of reads during the run that were answered. */
  readonly reads: number;
  /** The acknowledged writes that are lost. Only the newest write to a register is expected to be present. */
  readonly lost: readonly LostWrite[];
  /** The writes that are present although they were never acknowledged. Increments are not identifiable and not included. */
  readonly unacknowledgedPresent: readonly UnacknowledgedWrite[];
  /** The tokens that a list contains more than once, and the counters with more increments than the attempts explain. */
  readonly duplicated: readonly DuplicatedWrite[];
  /**
   * The registers with an older acknowledged value (`lost` then contains the newest value), and the reads that returned an older
   * state than an earlier acknowledged write or read.
   */
  readonly stale: readonly StaleValue[];
  /** One entry for each planned shard, in the order of the plan. */
  readonly shards: readonly ShardLedger[];
  /**
   * The number of attempts without an acknowledgement, including reads, by error word: `MOVED`, `CLUSTERDOWN`, `timeout`,
   * `closed` and others.
   */
  readonly errors: Readonly<Record<string, number>>;
  /**
   * The number of commands that the clients repeated by themselves, by the error word of the reply: `MOVED`, `ASK`, `TRYAGAIN`,
   * `CLUSTERDOWN`. No other number includes the repeated commands that succeeded in the end.
   */
  readonly redirects: Readonly<Record<string, number>>;
  /** The latencies before, during and after the longest unavailability of any shard. If there was none, all are in `before`. */
  readonly latency: {
    readonly before: LatencySummary;
    readonly during: LatencySummary;
    readonly after: LatencySummary;
  };
  /**
   * The clients that ended permanently before the workload was stopped, for example because `clusterRetryStrategy` gave up. Their
   * writers stopped as well. The time until the end of the run counts as unavailable for every shard without another writer.
   */
  readonly endedClients: readonly EndedClient[];
  /** The beginning of every key of the workload. No other key has it. */
  readonly keyPrefix: string;
  /** The seed. As the option `seed` of another workload, it makes each writer repeat its choices. */
  readonly seed: number;
  /**
   * The time scale of the cluster, as set by the option `timeScale`. Assertions about times multiply their limits by it. The
   * times in the ledger are real times.
   */
  readonly timeScale: number;
  /** When the writers started, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** When the last writer had stopped, in milliseconds since the epoch. */
  readonly stoppedAt: number;
}
