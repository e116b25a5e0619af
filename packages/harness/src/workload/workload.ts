import { randomBytes } from "node:crypto";
import type { Cluster } from "ioredis";
import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import {
  withinDeadline,
  type WaitDefaults,
  type WaitOptions,
  startCallDeadline,
} from "../timing/call-deadline.ts";
import { newSeed, seededRandom } from "../plan/seeded-random.ts";
import {
  type Acknowledgement,
  AcknowledgementWaiters,
  type AcknowledgementFilter,
} from "./acknowledgement-waiters.ts";
import { ReplySources } from "./reply-sources.ts";
import { Keyspace } from "./keyspace.ts";
import type { WorkloadHistory } from "./workload-history.ts";
import type { Ledger } from "./ledger.ts";
import { OperationLog } from "./operation-log.ts";
import { buildLedger } from "./build-ledger.ts";
import type { ValidWorkload } from "./workload-options.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { RunClock } from "./run-clock.ts";
import type { WorkloadTarget } from "./workload-target.ts";
import { Writer } from "./writer.ts";
import { WriterClient } from "./writer-client.ts";
import { clearInterval, monotonicMs, pause, setInterval } from "../clock/real-time.ts";

/** Waiting for the cluster to be whole, and reading back. */
const STOP_MS = 60_000;
/** How often a wait looks whether it is hopeless. */
const HOPE_MS = 100;

/** How long the end of a workload may take; default 60 000 ms. */
export type StopWorkloadOptions = WaitOptions;

/** How often it is looked up which node serves the shard that a caller waits for. */
const LOOK_AGAIN_MS = 100;

/** How long it may take until a new connection is known to lead to which node, unless that node is frozen. */
const IDENTIFY_MS = 100;

/** A node of the cluster, or its name. */
export type NodeOrName = string | { readonly name: string };

/** Whose acknowledgements count. */
export interface AcknowledgedBy {
  /** Only those of this node. */
  readonly by?: NodeOrName | undefined;
}

/** Whose acknowledgements count, and how long to wait; default time limit 10 000 ms. */
export interface WaitForAcknowledgedOptions extends WaitOptions, AcknowledgedBy {}

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
  /** What every key of this workload begins with, and no other key does: the option `keyPrefix`, and a random part. */
  readonly keyPrefix: string;
  readonly #target: WorkloadTarget;
  readonly #valueBytes: number;
  readonly #clients: readonly WriterClient[];
  readonly #writers: readonly Writer[];
  readonly #log = new OperationLog();
  readonly #keyspace: Keyspace;
  readonly #waiters: AcknowledgementWaiters;
  readonly #sweep: NodeJS.Timeout;
  readonly #sources = new ReplySources();
  readonly #clock = new RunClock();
  readonly #startedAt = monotonicMs();
  #ended: Promise<number> | undefined;
  #ledger: Promise<Ledger> | undefined;
  readonly #unjudged = new AbortController();

  /** Made by `startWorkload` only. */
  constructor(target: WorkloadTarget, options: ValidWorkload, clients: readonly Cluster[]) {
    this.#target = target;
    this.#valueBytes = options.valueBytes;
    this.seed = options.seed ?? newSeed();
    // A key of somebody else, or of another workload with the same prefix and seed, could be taken for one of these:
    // a loss would be hidden, or a write seem to be there twice. So no run uses the names of another one.
    const run = randomBytes(6).toString("hex");
    this.keyPrefix = `${target.clientKeyPrefix}${options.keyPrefix ?? "workload"}:${run}:`;
    this.#keyspace = new Keyspace(this.keyPrefix, options.keys, options.writers, target.shardSlots);
    this.#waiters = new AcknowledgementWaiters(this.#log, this.#keyspace);
    const identify: WorkloadTarget["identify"] = (connection) => target.identify(connection);
    this.#clients = clients.map(
      (client) => new WriterClient(client, target.clientsLookAround, this.#sources, identify),
    );
    const shared = {
      options,
      keyspace: this.#keyspace,
      log: this.#log,
      rateLimiter: new RateLimiter(options.ratePerSecond),
      load: target.shardSlots.map(() => 0),
      acknowledged: (shard: number, key: number, source: number, sentAt: number, doneAt: number) =>
        this.#waiters.notify(shard, key, source, sentAt, doneAt),
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
   * Returns when the first write to a planned shard was acknowledged that had been sent after `atMs`; undefined if none
   * has been so far. Both are milliseconds since the epoch, as `Date.now()`, `failover.since` and the ledger have them, and
   * exact to a millisecond. Without `by` every node's acknowledgement counts, also that of an old primary which will lose
   * the write.
   *
   * @throws RedisClusterError INVALID_ARGUMENT if there is no such shard or `atMs` is not a number; UNKNOWN_NODE.
   */
  firstAcknowledgedAfter(shard: number, atMs: number, options: AcknowledgedBy = {}): number | undefined {
    const found = this.#waiters.firstAfter(shard, this.#fromEpoch(atMs), this.#countsOf(options.by));
    return found === undefined ? undefined : this.#clock.toEpoch(found.doneAt);
  }

  /**
   * Waits for the first acknowledgement, by the node that serves the shard, of a write that was sent after a moment. After
   * a failover that is the promoted node: acknowledgements of an old primary that has not noticed it do not count. Which
   * node serves the shard is asked of the nodes, and asked again before the call resolves. Both moments are milliseconds
   * since the epoch, as of {@link firstAcknowledgedAfter}.
   *
   * @param options `by`: the node whose acknowledgement is waited for instead, whether it serves the shard or not. Default
   * time limit 10 000 ms.
   * @throws RedisClusterError INVALID_ARGUMENT if there is no such shard or `sentAfterMs` is not a number; UNKNOWN_NODE;
   * WAIT_TIMEOUT; FAILOVER_IMPOSSIBLE at once if a primary failed in a cluster of one or two shards and `by` is not given;
   * WAIT_ABORTED, also if the writers are stopped first.
   */
  async waitForAcknowledged(
    shard: number,
    sentAfterMs: number,
    options: WaitForAcknowledgedOptions = {},
  ): Promise<number> {
    const after = this.#fromEpoch(sentAfterMs);
    this.#waiters.requireShard(shard);
    const { by } = options;
    const what = `Waiting for an acknowledged write to shard ${shard}${by === undefined ? "" : ` by ${nameOf(by)}`}`;
    const counts = by === undefined ? undefined : this.#countsOf(by);
    const defaults = { timeoutMs: 10_000, timeScale: this.#target.timeScale };
    const doneAt = await withinDeadline(what, options, defaults, async (signal) =>
      counts === undefined
        ? await this.#unlessHopeless((either) => this.#waitForOwner(shard, after, either), signal)
        : (await this.#first(shard, after, counts, signal)).doneAt,
    );
    return this.#clock.toEpoch(doneAt);
  }

  /** Waits for something that needs every shard to have a primary, as long as each may have one. */
  async #unlessHopeless<T>(wait: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const hopeless = async (): Promise<never> => {
      for (;;) {
        await this.#target.refuseHopeless?.();
        await pause(HOPE_MS, either);
        either.throwIfAborted();
      }
    };
    try {
      return await Promise.race([wait(either), hopeless()]);
    } finally {
      over.abort();
    }
  }

  async #waitForOwner(shard: number, after: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      // What is in the log already is found without waiting, and so without looking at the signal.
      signal.throwIfAborted();
      const owner = await this.#target.servingNodeBySlot();
      const byOwner: AcknowledgementFilter = (key, source) => {
        const node = this.#sources.nodeOf(source);
        return node !== undefined && node === owner(this.#keyspace.slotOf(key));
      };
      const look = AbortSignal.timeout(LOOK_AGAIN_MS);
      const found = await this.#first(shard, after, byOwner, AbortSignal.any([signal, look])).catch(
        (error: unknown) => {
          if (look.aborted && !signal.aborted && error === look.reason) return undefined;
          throw error;
        },
      );
      if (found === undefined) continue;
      // It may have been replaced while this waited; only a node that still serves the slot keeps what it acknowledged.
      const still = await this.#target.servingNodeBySlot();
      if (still(this.#keyspace.slotOf(found.key)) === this.#sources.nodeOf(found.source)) return found.doneAt;
    }
  }

  /** Waits for an acknowledgement that counts, and returns the first one. */
  async #first(
    shard: number,
    after: number,
    counts: AcknowledgementFilter,
    signal: AbortSignal,
  ): Promise<Acknowledgement> {
    const found = await this.#waiters.wait(shard, after, counts, signal);
    // An earlier one may have come on a new connection whose node has not identified itself yet.
    await Promise.race([this.#sources.waitUntilIdentified(), pause(IDENTIFY_MS)]);
    return this.#waiters.firstAfter(shard, after, counts) ?? found;
  }

  /** Whose acknowledgements count: one node's, or everybody's. */
  #countsOf(by: NodeOrName | undefined): AcknowledgementFilter {
    if (by === undefined) return () => true;
    const index = this.#target.indexOf(by);
    return (_, source) => this.#sources.nodeOf(source) === index;
  }

  /** The moment of the log's clock for milliseconds since the epoch. */
  #fromEpoch(atMs: number): number {
    // A phase that was not seen makes no number, and no write would ever come after it.
    if (Number.isFinite(atMs)) return this.#clock.fromEpoch(atMs);
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `Waiting for an acknowledged write: expected a moment in milliseconds, such as fault.since, got ${atMs}.`,
    );
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
      return await withinDeadline("Stopping the workload", options, this.#stopDefaults, () => others);
    this.#unjudged.signal.throwIfAborted();
    this.#ledger = this.#buildLedger(options).catch((error: unknown) => {
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
    this.#target.released?.();
  }

  get #stopDefaults(): WaitDefaults {
    return { timeoutMs: STOP_MS, timeScale: this.#target.timeScale };
  }

  async #buildLedger(options: StopWorkloadOptions): Promise<Ledger> {
    using deadline = startCallDeadline("Stopping the workload", options, this.#stopDefaults);
    const signal = AbortSignal.any([deadline.signal, this.#unjudged.signal]);
    signal.throwIfAborted();
    // A writer whose command is under way has its time limit for it, unless the deadline comes first.
    const stoppedAt = await abortable(this.#end(false), signal);
    const history: WorkloadHistory = {
      log: this.#log,
      keyspace: this.#keyspace,
      toEpoch: (at) => this.#clock.toEpoch(at),
      keyPrefix: this.keyPrefix,
      nodeNameOf: (source) => {
        const node = this.#sources.nodeOf(source);
        return node === undefined ? undefined : this.#target.nodeNames[node];
      },
      endedWriters: this.#writers.flatMap((writer, index) =>
        writer.endedAt === undefined ? [] : [{ writer: index, at: writer.endedAt }],
      ),
      seed: this.seed,
      timeScale: this.#target.timeScale,
      redirects: sumOf(this.#clients.map(({ redirects }) => redirects)),
      startedAt: this.#startedAt,
      stoppedAt,
    };
    const ledger = await buildLedger(this.#target, history, this.#valueBytes, signal);
    this.#target.judged?.(ledger);
    this.#target.released?.();
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
    this.#clock.check();
    for (const writer of this.#writers) writer.expire(now, atOnce);
  }
}

function nameOf(node: NodeOrName): string {
  return typeof node === "string" ? node : node.name;
}

function sumOf(counts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const [word, count] of counts.flatMap((each) => [...each]))
    sum.set(word, (sum.get(word) ?? 0) + count);
  return sum;
}
