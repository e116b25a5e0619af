import { randomBytes } from "node:crypto";
import type { Cluster } from "ioredis";
import { orAborted } from "../lifecycle/deadline.ts";
import { inTime, type WaitDefaults, type WaitOptions, waitDeadline } from "../lifecycle/wait.ts";
import type { SlotRange } from "../plan/cluster-plan.ts";
import { newSeed, seededRandom } from "../plan/seeded-random.ts";
import { AcknowledgementWaiters } from "./acknowledgement-waiters.ts";
import { judge } from "./judge.ts";
import { Keyspace } from "./keyspace.ts";
import type { Ledger } from "./ledger.ts";
import { OperationLog } from "./operation-log.ts";
import { type ValidWorkload, validateWorkload, type WorkloadOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import { readBack } from "./read-back.ts";
import { Writer } from "./writer.ts";
import { WriterClient } from "./writer-client.ts";

/** Waiting for the cluster to be whole, and reading back. */
const STOP_MS = 60_000;

/** So many writers share a client; with `wait` each has its own, because WAIT holds up its whole connection. */
const WRITERS_PER_CLIENT = 8;

/** What a workload needs of a cluster. */
export interface WorkloadTarget {
  /** By how much every limit is longer than elsewhere. */
  readonly timeScale: number;
  /** The slots of the planned shards, in their order. */
  readonly shardSlots: readonly SlotRange[];
  /** A connected client of its own that sends everything to primaries; the workload disconnects it. */
  connect(signal?: AbortSignal): Promise<Cluster>;
  /** Resolves when the cluster is healthy; rejects with the signal's reason or with what is wrong. */
  whenWhole(signal: AbortSignal): Promise<void>;
  /** Is told the ledger, once there is one. */
  judged?(ledger: Ledger): void;
}

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

/**
 * Connects the clients and starts the writers. What was opened is closed again where that fails.
 *
 * @throws InvalidOptionsError naming all options that are wrong.
 */
export async function startWorkload(
  target: WorkloadTarget,
  options: WorkloadOptions = {},
): Promise<Workload> {
  const valid = validateWorkload(options, target.shardSlots.length);
  const clients = valid.wait > 0 ? valid.writers : Math.ceil(valid.writers / WRITERS_PER_CLIENT);
  const connected = await Promise.allSettled(Array.from({ length: clients }, () => target.connect()));
  const open = connected.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failed = connected.find((each) => each.status === "rejected");
  if (failed !== undefined) {
    for (const client of open) client.disconnect();
    throw failed.reason;
  }
  return new Workload(target, valid, open);
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
  readonly #startedAt = performance.now();
  readonly #epochOffsetMs = Date.now() - performance.now();
  #ended: Promise<number> | undefined;
  #ledger: Promise<Ledger> | undefined;

  /** Made by `startWorkload` only. */
  constructor(target: WorkloadTarget, options: ValidWorkload, clients: readonly Cluster[]) {
    this.#target = target;
    this.#valueBytes = options.valueBytes;
    this.seed = options.seed ?? newSeed();
    const prefix = options.keyPrefix ?? `workload:${randomBytes(4).toString("hex")}`;
    this.#keyspace = new Keyspace(prefix, options.keys, options.writers, target.shardSlots);
    this.#waiters = new AcknowledgementWaiters(this.#log, this.#keyspace);
    this.#clients = clients.map((client) => new WriterClient(client));
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
   * When the first write to a shard was acknowledged that had been sent after `atMs`; undefined where none has been
   * so far. Both by `performance.now()`.
   *
   * @throws RedisClusterError INVALID_ARGUMENT where there is no such shard.
   */
  firstAcknowledgedAfter(shard: number, atMs: number): number | undefined {
    return this.#waiters.firstAfter(shard, atMs);
  }

  /**
   * Waits for what {@link firstAcknowledgedAfter} gives; default time limit 10 000 ms.
   *
   * @throws RedisClusterError INVALID_ARGUMENT where there is no such shard; WAIT_TIMEOUT; WAIT_ABORTED, also where the
   * writers are stopped first.
   */
  async waitForAcknowledged(shard: number, sentAfterMs: number, options: WaitOptions = {}): Promise<number> {
    const defaults = { timeoutMs: 10_000, timeScale: this.#target.timeScale };
    return await inTime(`Waiting for an acknowledged write to shard ${shard}`, options, defaults, (signal) =>
      this.#waiters.wait(shard, sentAfterMs, signal),
    );
  }

  /**
   * Stops the writers, waits until the cluster is whole, reads everything back from the primaries and judges. The
   * clients are closed then. Once there is a ledger, a further call gives it again; after a failed call the next one
   * waits and reads anew.
   *
   * @throws RedisClusterError WAIT_TIMEOUT, WAIT_ABORTED or what kept the cluster from being whole.
   */
  async stop(options: StopWorkloadOptions = {}): Promise<Ledger> {
    const others = this.#ledger;
    if (others !== undefined)
      return await inTime("Stopping the workload", options, this.#stopDefaults, () => others);
    this.#ledger = this.#judge(options).catch((error: unknown) => {
      this.#ledger = undefined;
      throw error;
    });
    return await this.#ledger;
  }

  /** Stops the writers at once and closes the clients, without a ledger. The keys stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(true);
  }

  get #stopDefaults(): WaitDefaults {
    return { timeoutMs: STOP_MS, timeScale: this.#target.timeScale };
  }

  async #judge(options: StopWorkloadOptions): Promise<Ledger> {
    using deadline = waitDeadline("Stopping the workload", options, this.#stopDefaults);
    const { signal } = deadline;
    // A writer whose command is under way has its time limit for it, unless the deadline comes first.
    const stoppedAt = await orAborted(this.#end(false), signal);
    await orAborted(this.#target.whenWhole(signal), signal);
    const connecting = this.#target.connect(signal);
    const client = await orAborted(connecting, signal).catch((error: unknown) => {
      connecting.then(
        (late) => late.disconnect(),
        () => {},
      );
      throw error;
    });
    try {
      const found = await readBack(client, this.#keyspace, this.#log, this.#valueBytes, signal);
      const ledger = judge(
        {
          log: this.#log,
          keyspace: this.#keyspace,
          epochOffsetMs: this.#epochOffsetMs,
          seed: this.seed,
          timeScale: this.#target.timeScale,
          redirects: sumOf(this.#clients.map(({ redirects }) => redirects)),
          startedAt: this.#startedAt,
          stoppedAt,
        },
        found,
      );
      this.#target.judged?.(ledger);
      return ledger;
    } catch (error) {
      // What poll throws is why the last read failed; that the time was over matters more.
      throw signal.aborted && signal.reason instanceof Error ? signal.reason : error;
    } finally {
      client.disconnect();
    }
  }

  #end(atOnce: boolean): Promise<number> {
    this.#ended ??= (async () => {
      try {
        const stopping = Promise.all(this.#writers.map((writer) => writer.stop()));
        if (atOnce) this.#expire(true);
        await stopping;
        return performance.now();
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
    const now = performance.now();
    for (const writer of this.#writers) writer.expire(now, atOnce);
  }
}

function sumOf(counts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const [word, count] of counts.flatMap((each) => [...each]))
    sum.set(word, (sum.get(word) ?? 0) + count);
  return sum;
}
