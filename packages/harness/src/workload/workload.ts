import type { WaitOptions } from "../timing/call-deadline.ts";
import type { Ledger } from "./ledger.ts";

/** Options of `stop()`. The default of `timeoutMs` is 60 000 ms. */
export type StopWorkloadOptions = WaitOptions;

/** A node of the cluster, or its name. */
export type NodeOrName = string | { readonly name: string };

/** Selects the node whose acknowledgements count. */
export interface AcknowledgedBy {
  /** Counts only the acknowledgements of this node. */
  readonly by?: NodeOrName | undefined;
}

/** Options of `waitForAcknowledged()`. The default of `timeoutMs` is 10 000 ms. */
export interface WaitForAcknowledgedOptions extends WaitOptions, AcknowledgedBy {}

/** The number of writes so far. */
export interface WorkloadProgress {
  /** The number of writes that have an outcome. */
  readonly attempts: number;
  /** The number of acknowledged writes. */
  readonly acknowledged: number;
  /** The number of writes that the server certainly refused. The outcome of all other writes is unknown. */
  readonly failed: number;
}

/** A running workload. `stop()` ends it and returns the ledger. The end of an `await using` block ends it without a ledger. */
export interface Workload extends AsyncDisposable {
  /** The seed. As the option `seed` of another workload, it makes each writer repeat its choices. */
  readonly seed: number;

  /** The beginning of every key of this workload: the option `keyPrefix` and a random part. No other key has it. */
  readonly keyPrefix: string;

  /** The number of writes so far. Reading it is cheap. */
  readonly progress: WorkloadProgress;

  /** Whether `stop()` was called, or the workload was ended without a ledger. */
  readonly stopped: boolean;

  /**
   * Returns when the first write to a shard was acknowledged that was sent after a given time. Without `by`, acknowledgements of
   * all nodes count, including those of an old primary that will lose the write.
   *
   * @param shard the index of the planned shard.
   * @param atMs a time in milliseconds since the epoch, such as `Date.now()`, `failover.since` or a time of the ledger.
   * @returns the time of the acknowledgement in milliseconds since the epoch, exact to a millisecond; undefined if there is none
   * yet.
   * @throws RedisClusterError INVALID_ARGUMENT if the shard does not exist or `atMs` is not a finite number.
   * @throws RedisClusterError UNKNOWN_NODE if the node `by` does not belong to the cluster.
   */
  firstAcknowledgedAfter(shard: number, atMs: number, options?: AcknowledgedBy): number | undefined;

  /**
   * Waits until the node that serves a shard has acknowledged a write that was sent after a given time. After a failover this is
   * the promoted node. Acknowledgements of an old primary that has not noticed the failover do not count. The nodes report which
   * of them serves the shard, and are queried again before the call resolves.
   *
   * @param shard the index of the planned shard.
   * @param sentAfterMs a time in milliseconds since the epoch, as of {@link firstAcknowledgedAfter}.
   * @param options.by the node whose acknowledgement counts instead, whether it serves the shard or not.
   * @returns the time of the first such acknowledgement in milliseconds since the epoch.
   * @throws RedisClusterError INVALID_ARGUMENT if the shard does not exist or `sentAfterMs` is not a finite number.
   * @throws RedisClusterError UNKNOWN_NODE if the node `by` does not belong to the cluster.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE at once if a primary failed in a cluster of one or two shards and `by` is not
   * given.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes, by default after 10 000 ms.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted, or the writers are stopped first.
   * @example
   * const fault = await cluster.kill({ primaryOf: "order:42" });
   * const recoveredAt = await workload.waitForAcknowledged(0, fault.since);
   */
  waitForAcknowledged(shard: number, sentAfterMs: number, options?: WaitForAcknowledgedOptions): Promise<number>;

  /**
   * Stops the writers, waits until all nodes that answer agree on one owner of every slot, reads all values from the primaries
   * and checks them against the acknowledged writes. Closes the clients, and keeps the keys. Further calls return the same
   * ledger. After a call that failed, the next call waits and reads again.
   *
   * The writers stop when their commands in flight have an outcome, at the latest after `commandTimeoutMs`.
   *
   * @returns the ledger.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE if a primary failed in a cluster of one or two shards.
   * @throws RedisClusterError WAIT_TIMEOUT with the obstacle if a slot cannot be read in time, by default within 60 000 ms.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted, or the workload was already ended without a ledger: by
   * `reset()`, by `stop()` of the cluster, or at the end of an `await using` block.
   * @example
   * const ledger = await workload.stop();
   * console.log(formatLedger(ledger));
   */
  stop(options?: StopWorkloadOptions): Promise<Ledger>;

  /**
   * Stops the writers at once and closes the clients, without a ledger. A `stop()` in progress rejects with WAIT_ABORTED. The
   * keys are kept.
   */
  [Symbol.asyncDispose](): Promise<void>;
}
