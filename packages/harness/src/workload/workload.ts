import { randomBytes } from "node:crypto";
import type { Cluster } from "ioredis";
import { RedisClusterError } from "../errors.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import { inTime, type WaitDefaults, type WaitOptions, waitDeadline } from "../lifecycle/wait.ts";
import { newSeed, seededRandom } from "../plan/seeded-random.ts";
import { AcknowledgementWaiters } from "./acknowledgement-waiters.ts";
import { Keyspace } from "./keyspace.ts";
import type { History } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { OperationLog } from "./operation-log.ts";
import { makeLedger } from "./make-ledger.ts";
import type { ValidWorkload } from "./options.ts";
import { Pace } from "./pace.ts";
import type { WorkloadTarget } from "./workload-target.ts";
import { Writer } from "./writer.ts";
import { WriterClient } from "./writer-client.ts";
import { clearInterval, monotonicMs, setInterval, wallClockMs } from "../clock/real-time.ts";

/** Waiting for the cluster to be whole, and reading back. */
const STOP_MS = 60_000;

/** How long the end of a workload may take; default 60 000 ms. */
export type StopWorkloadOptions = WaitOptions;

/** How many writes there have been so far. */
export interface WorkloadProgress {
  /** Writes that have an outcome. */
  readonly attempts: number;
  readonly acknowledged: number;
  /** Refused for certain. The rest is unknown. */
  readonly failed: number;
}

/** Writers at work. `stop()` them for the ledger; `await using` ends them without one. */
export class Workload implements AsyncDisposable {
  /** Given back as the option `seed`, it makes every writer choose as it did. */
  readonly seed: number;
  readonly #target: WorkloadTarget;
  readonly #valueBytes: number;
  readonly #clients: readonly WriterClient[];
  readonly #writers: readonly Writer[];
  readonly #log = new OperationLog();
  readonly #keyspace: Keyspace;
  readonly #waiters: AcknowledgementWaiters;
  readonly #sweep: NodeJS.Timeout;
  readonly #startedAt = monotonicMs();
  readonly #epochOffsetMs = wallClockMs() - monotonicMs();
  #ended: Promise<number> | undefined;
  #ledger: Promise<Ledger> | undefined;
  readonly #unjudged = new AbortController();

  /** Made by `startWorkload` only. */
  constructor(target: WorkloadTarget, options: ValidWorkload, clients: readonly Cluster[]) {
    this.#target = target;
    this.#valueBytes = options.valueBytes;
    this.seed = options.seed ?? newSeed();
    const prefix = options.keyPrefix ?? `workload:${randomBytes(4).toString("hex")}`;
    this.#keyspace = new Keyspace(prefix, options.keys, options.writers, target.shardSlots);
    this.#waiters = new AcknowledgementWaiters(this.#log, this.#keyspace);
    this.#clients = clients.map((client) => new WriterClient(client, target.clientsLookAround));
    const shared = {
      options,
      keyspace: this.#keyspace,
      log: this.#log,
      pace: new Pace(options.ratePerSecond),
      load: target.shardSlots.map(() => 0),
      acknowledged: (shard: number, sentAt: number, doneAt: number) =>
        this.#waiters.notify(shard, sentAt, doneAt),
    };
    const seeds = seededRandom(this.seed);
    this.#writers = Array.from({ length: options.writers }, (_, index) => {
      const client = this.#clients[index % this.#clients.length] as WriterClient;
      return new Writer(index, client, shared, seededRandom(Math.floor(seeds() * 2 ** 32)));
    });
    for (const writer of this.#writers) writer.start();
    this.#sweep = setInterval(
      () => this.#expire(false),
      Math.min(25, Math.max(5, options.commandTimeoutMs / 20)),
    );
  }

  /** How far it is. Costs nothing, so that it can be asked at any time. */
  get progress(): WorkloadProgress {
    const { acknowledged, failed, unknown } = this.#log;
    return { attempts: acknowledged + failed + unknown, acknowledged, failed };
  }

  /** Whether `stop()` or the end of `await using` has been called. */
  get stopped(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * When the first write to a planned shard was acknowledged that had been sent after `atMs`; undefined where none has
   * been so far. Both are milliseconds since the epoch, as `Date.now()`, `failover.since` and the ledger have them, and
   * exact to a millisecond.
   *
   * @throws RedisClusterError INVALID_ARGUMENT where there is no such shard, or `atMs` is no number.
   */
  firstAcknowledgedAfter(shard: number, atMs: number): number | undefined {
    const doneAt = this.#waiters.firstAfter(shard, this.#fromEpoch(atMs));
    return doneAt === undefined ? undefined : doneAt + this.#epochOffsetMs;
  }

  /**
   * Waits for what {@link firstAcknowledgedAfter} gives; default time limit 10 000 ms.
   *
   * @throws RedisClusterError INVALID_ARGUMENT where there is no such shard, or `sentAfterMs` is no number; WAIT_TIMEOUT;
   * WAIT_ABORTED, also where the writers are stopped first.
   */
  async waitForAcknowledged(shard: number, sentAfterMs: number, options: WaitOptions = {}): Promise<number> {
    const after = this.#fromEpoch(sentAfterMs);
    const defaults = { timeoutMs: 10_000, timeScale: this.#target.timeScale };
    const doneAt = await inTime(
      `Waiting for an acknowledged write to shard ${shard}`,
      options,
      defaults,
      (signal) => this.#waiters.wait(shard, after, signal),
    );
    return doneAt + this.#epochOffsetMs;
  }

  /** A moment since the epoch by `performance.now()`, which the log goes by. */
  #fromEpoch(atMs: number): number {
    // A phase that was not seen makes no number, and no write would ever come after it.
    if (Number.isFinite(atMs)) return atMs - this.#epochOffsetMs;
    throw new RedisClusterError("INVALID_ARGUMENT", `A moment in milliseconds was expected; got ${atMs}.`);
  }

  /**
   * Stops the writers, waits until every slot has one owner in the eyes of all nodes that answer, reads everything back
   * from the primaries and judges. The clients are closed then; the keys stay. Once there is a ledger, a further call
   * gives it again; after a failed call the next one waits and reads anew.
   *
   * @param options default time limit: a minute, of which each writer takes its `commandTimeoutMs` at most.
   * @throws RedisClusterError WAIT_TIMEOUT with what kept the cluster from being whole; WAIT_ABORTED, also where the
   * workload was ended without a ledger before: by `reset()`, the cluster's `stop()` or the end of `await using`.
   */
  async stop(options: StopWorkloadOptions = {}): Promise<Ledger> {
    const others = this.#ledger;
    if (others !== undefined)
      return await inTime("Stopping the workload", options, this.#stopDefaults, () => others);
    this.#unjudged.signal.throwIfAborted();
    this.#ledger = this.#judge(options).catch((error: unknown) => {
      this.#ledger = undefined;
      throw error;
    });
    return await this.#ledger;
  }

  /**
   * Stops the writers at once and closes the clients, without a ledger; a `stop()` that is under way ends without one,
   * too. The keys stay.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    // What is there from now on is no longer what the writers left: a reset empties the cluster.
    this.#unjudged.abort(
      new RedisClusterError(
        "WAIT_ABORTED",
        "Stopping the workload: it was ended without a ledger, by reset(), by the cluster's stop() or by the end of " +
          "`await using`. Stop it before, to have one.",
      ),
    );
    await this.#end(true);
  }

  get #stopDefaults(): WaitDefaults {
    return { timeoutMs: STOP_MS, timeScale: this.#target.timeScale };
  }

  async #judge(options: StopWorkloadOptions): Promise<Ledger> {
    using deadline = waitDeadline("Stopping the workload", options, this.#stopDefaults);
    const signal = AbortSignal.any([deadline.signal, this.#unjudged.signal]);
    signal.throwIfAborted();
    // A writer whose command is under way has its time limit for it, unless the deadline comes first.
    const stoppedAt = await orAborted(this.#end(false), signal);
    const history: History = {
      log: this.#log,
      keyspace: this.#keyspace,
      epochOffsetMs: this.#epochOffsetMs,
      seed: this.seed,
      timeScale: this.#target.timeScale,
      redirects: sumOf(this.#clients.map(({ redirects }) => redirects)),
      startedAt: this.#startedAt,
      stoppedAt,
    };
    const ledger = await makeLedger(this.#target, history, this.#valueBytes, signal);
    this.#target.judged?.(ledger);
    return ledger;
  }

  #end(atOnce: boolean): Promise<number> {
    this.#ended ??= (async () => {
      try {
        const stopping = Promise.all(this.#writers.map((writer) => writer.stop()));
        if (atOnce) this.#expire(true);
        await stopping;
        return monotonicMs();
      } finally {
        clearInterval(this.#sweep);
        // Nothing that was given up may still be repeated by a client while everything is read back.
        for (const client of this.#clients) client.close();
        this.#waiters.end();
      }
    })();
    if (atOnce) this.#expire(true);
    return this.#ended;
  }

  #expire(atOnce: boolean): void {
    const now = monotonicMs();
    for (const writer of this.#writers) writer.expire(now, atOnce);
  }
}

function sumOf(counts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const [word, count] of counts.flatMap((each) => [...each]))
    sum.set(word, (sum.get(word) ?? 0) + count);
  return sum;
}
