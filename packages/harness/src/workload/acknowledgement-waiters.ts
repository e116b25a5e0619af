import { RedisClusterError } from "../errors.ts";
import type { Keyspace } from "./keyspace.ts";
import type { OperationLog } from "./operation-log.ts";

/** Decides whether an acknowledgement counts, by the number of the key and the source of the reply. */
export type AcknowledgementFilter = (key: number, source: number) => boolean;

/** An acknowledged write. */
export interface Acknowledgement {
  readonly doneAt: number;
  readonly key: number;
  /** The source of the reply, as a number of `ReplySources`. */
  readonly source: number;
}

interface Waiter {
  readonly shard: number;
  readonly sentAfterMs: number;
  readonly accepts: AcknowledgementFilter;
  readonly resolve: (acknowledgement: Acknowledgement) => void;
  readonly reject: (error: Error) => void;
}

/** Finds the first write that was sent after a given time and acknowledged: in the log, or as soon as it arrives. */
export class AcknowledgementWaiters {
  readonly #log: OperationLog;
  readonly #keyspace: Keyspace;
  #waiters: Waiter[] = [];
  #hasEnded = false;

  constructor(log: OperationLog, keyspace: Keyspace) {
    this.#log = log;
    this.#keyspace = keyspace;
  }

  /**
   * Returns the first acknowledged write to a shard that was sent after a given time and passes the filter; undefined if the log
   * contains none yet.
   *
   * @param atMs a time of `monotonicMs()`.
   * @throws RedisClusterError INVALID_ARGUMENT if the shard does not exist.
   */
  firstAfter(shard: number, atMs: number, accepts: AcknowledgementFilter): Acknowledgement | undefined {
    this.requireShard(shard);
    const log = this.#log;
    // Rows are in the order of the replies, and a write that was sent after `atMs` was also answered after it.
    for (let row = log.firstDoneAfter(atMs); row < log.length; row += 1) {
      const key = log.key(row);
      if (
        log.sentAt(row) > atMs &&
        !log.isRead(row) &&
        log.outcome(row) === "acknowledged" &&
        this.#keyspace.shardOf(key) === shard &&
        accepts(key, log.source(row))
      ) {
        return { doneAt: log.doneAt(row), key, source: log.source(row) };
      }
    }
    return undefined;
  }

  /**
   * Waits for the acknowledgement that {@link firstAfter} describes.
   *
   * @throws the reason of the signal when the signal aborts.
   * @throws RedisClusterError INVALID_ARGUMENT if the shard does not exist.
   * @throws RedisClusterError WAIT_ABORTED if the writers have stopped.
   */
  async wait(
    shard: number,
    sentAfterMs: number,
    accepts: AcknowledgementFilter,
    signal: AbortSignal,
  ): Promise<Acknowledgement> {
    const logged = this.firstAfter(shard, sentAfterMs, accepts);
    if (logged !== undefined) return logged;
    if (this.#hasEnded) throw stoppedError(shard);
    const { promise, resolve, reject } = Promise.withResolvers<Acknowledgement>();
    const waiter: Waiter = { shard, sentAfterMs, accepts, resolve, reject };
    this.#waiters.push(waiter);
    const onAbort = (): void => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Resolves the waiters that an acknowledged write satisfies. The writers call this for every acknowledged write. */
  notify(shard: number, key: number, source: number, sentAt: number, doneAt: number): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.shard !== shard || sentAt <= waiter.sentAfterMs || !waiter.accepts(key, source)) return true;
      waiter.resolve({ doneAt, key, source });
      return false;
    });
  }

  /** Rejects all waiters, because the writers have stopped. */
  end(): void {
    this.#hasEnded = true;
    for (const { shard, reject } of this.#waiters.splice(0)) reject(stoppedError(shard));
  }

  /** @throws RedisClusterError INVALID_ARGUMENT if the shard does not exist. */
  requireShard(shard: number): void {
    if (Number.isInteger(shard) && shard >= 0 && shard < this.#keyspace.shards) return;
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `Finding an acknowledged write: expected a shard index from 0 to ${this.#keyspace.shards - 1}, got ${shard}.`,
    );
  }
}

function stoppedError(shard: number): RedisClusterError {
  return new RedisClusterError(
    "WAIT_ABORTED",
    `Waiting for an acknowledged write to shard ${shard}: the workload was stopped.`,
  );
}
