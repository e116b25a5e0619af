import { RedisClusterError } from "../errors.ts";
import type { Keyspace } from "./keyspace.ts";
import type { OperationLog } from "./operation-log.ts";

/** Decides whether an acknowledgement counts, by the number of the key and the connection that it came on. */
export type AcknowledgementFilter = (key: number, source: number) => boolean;

/** An acknowledged write. */
export interface Acknowledgement {
  readonly doneAt: number;
  readonly key: number;
  readonly source: number;
}

interface Waiter {
  readonly shard: number;
  readonly sentAfterMs: number;
  readonly counts: AcknowledgementFilter;
  readonly resolve: (acknowledgement: Acknowledgement) => void;
  readonly reject: (error: Error) => void;
}

/** Finds the first acknowledgement after a moment: in the log, or as soon as it arrives. */
export class AcknowledgementWaiters {
  readonly #log: OperationLog;
  readonly #keyspace: Keyspace;
  #waiters: Waiter[] = [];
  #ended = false;

  constructor(log: OperationLog, keyspace: Keyspace) {
    this.#log = log;
    this.#keyspace = keyspace;
  }

  /** The first acknowledged write to the shard that was sent after a moment and counts, if there is one so far. */
  firstAfter(shard: number, atMs: number, counts: AcknowledgementFilter): Acknowledgement | undefined {
    this.requireShard(shard);
    const log = this.#log;
    // Rows are in the order of the answers, and what was sent later was answered later still.
    for (let row = log.firstDoneAfter(atMs); row < log.length; row += 1) {
      const key = log.key(row);
      if (
        log.sentAt(row) > atMs &&
        !log.isRead(row) &&
        log.outcome(row) === "acknowledged" &&
        this.#keyspace.shardOf(key) === shard &&
        counts(key, log.source(row))
      ) {
        return { doneAt: log.doneAt(row), key, source: log.source(row) };
      }
    }
    return undefined;
  }

  /** Waits for it. When the signal aborts, the waiter is forgotten and the signal's reason thrown. */
  async wait(
    shard: number,
    sentAfterMs: number,
    counts: AcknowledgementFilter,
    signal: AbortSignal,
  ): Promise<Acknowledgement> {
    const already = this.firstAfter(shard, sentAfterMs, counts);
    if (already !== undefined) return already;
    if (this.#ended) throw stopped(shard);
    const { promise, resolve, reject } = Promise.withResolvers<Acknowledgement>();
    const waiter: Waiter = { shard, sentAfterMs, counts, resolve, reject };
    this.#waiters.push(waiter);
    const forget = (): void => {
      this.#waiters = this.#waiters.filter((each) => each !== waiter);
      reject(signal.reason);
    };
    signal.addEventListener("abort", forget, { once: true });
    if (signal.aborted) forget();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", forget);
    }
  }

  /** Is called for every acknowledged write. */
  notify(shard: number, key: number, source: number, sentAt: number, doneAt: number): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.shard !== shard || sentAt <= waiter.sentAfterMs || !waiter.counts(key, source)) return true;
      waiter.resolve({ doneAt, key, source });
      return false;
    });
  }

  /** There will be no more writes. */
  end(): void {
    this.#ended = true;
    for (const { shard, reject } of this.#waiters.splice(0)) reject(stopped(shard));
  }

  /** @throws RedisClusterError INVALID_ARGUMENT */
  requireShard(shard: number): void {
    if (Number.isInteger(shard) && shard >= 0 && shard < this.#keyspace.shards) return;
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `Looking for an acknowledged write: expected a shard from 0 to ${this.#keyspace.shards - 1}, got ${shard}.`,
    );
  }
}

function stopped(shard: number): RedisClusterError {
  return new RedisClusterError(
    "WAIT_ABORTED",
    `Waiting for an acknowledged write to shard ${shard}: the workload was stopped.`,
  );
}
