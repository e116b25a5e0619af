import { RedisClusterError } from "../errors.ts";
import type { Keyspace } from "./keyspace.ts";
import type { OperationLog } from "./operation-log.ts";

interface Waiter {
  readonly shard: number;
  readonly sentAfterMs: number;
  readonly resolve: (atMs: number) => void;
  readonly reject: (error: Error) => void;
}

/** Finds the first success after a moment: in the log, or as soon as it comes. */
export class AcknowledgementWaiters {
  readonly #log: OperationLog;
  readonly #keyspace: Keyspace;
  #waiters: Waiter[] = [];
  #ended = false;

  constructor(log: OperationLog, keyspace: Keyspace) {
    this.#log = log;
    this.#keyspace = keyspace;
  }

  /** When the first write to the shard that was sent after a moment was acknowledged, if any was. */
  firstAfter(shard: number, atMs: number): number | undefined {
    this.#requireShard(shard);
    const log = this.#log;
    // Rows are in the order of the answers, and what was sent later was answered later still.
    for (let row = log.firstDoneAfter(atMs); row < log.length; row += 1) {
      if (
        log.sentAt(row) > atMs &&
        !log.isRead(row) &&
        log.outcome(row) === "acknowledged" &&
        this.#keyspace.shardOf(log.key(row)) === shard
      ) {
        return log.doneAt(row);
      }
    }
    return undefined;
  }

  /** Waits for it. Whoever's signal aborts is forgotten. */
  async wait(shard: number, sentAfterMs: number, signal: AbortSignal): Promise<number> {
    const already = this.firstAfter(shard, sentAfterMs);
    if (already !== undefined) return already;
    if (this.#ended) throw stopped(shard);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiter = { shard, sentAfterMs, resolve, reject };
    this.#waiters.push(waiter);
    const forget = (): void => {
      this.#waiters = this.#waiters.filter((each) => each !== waiter);
    };
    signal.addEventListener("abort", forget, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", forget);
    }
  }

  /** Told of every acknowledged write. */
  notify(shard: number, sentAt: number, doneAt: number): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.shard !== shard || sentAt <= waiter.sentAfterMs) return true;
      waiter.resolve(doneAt);
      return false;
    });
  }

  /** There will be no more writes. */
  end(): void {
    this.#ended = true;
    for (const { shard, reject } of this.#waiters.splice(0)) reject(stopped(shard));
  }

  #requireShard(shard: number): void {
    if (Number.isInteger(shard) && shard >= 0 && shard < this.#keyspace.shards) return;
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `There is no shard ${shard}: they are 0 to ${this.#keyspace.shards - 1}.`,
    );
  }
}

function stopped(shard: number): RedisClusterError {
  return new RedisClusterError(
    "WAIT_ABORTED",
    `Waiting for an acknowledged write to shard ${shard}: the workload was stopped.`,
  );
}
