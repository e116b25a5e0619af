import { randomBytes } from "node:crypto";
import type { Cluster } from "ioredis";
import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { withinDeadline, type WaitDefaults, startCallDeadline } from "../timing/call-deadline.ts";
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
import type {
  AcknowledgedBy,
  NodeOrName,
  StopWorkloadOptions,
  WaitForAcknowledgedOptions,
  Workload,
  WorkloadProgress,
} from "./workload.ts";

/** Default timeout of `stop()`. */
const STOP_TIMEOUT_MS = 60_000;
/** How often a wait checks whether a failover is still possible. */
const FAILOVER_CHECK_MS = 100;

/** How often a wait reads which node serves the shard. */
const OWNER_POLL_MS = 100;

/** Maximum time to identify the node of a new connection. A paused node may take longer. */
const IDENTIFY_TIMEOUT_MS = 100;

/** Runs the writers of one workload and builds its ledger. */
export class RunningWorkload implements Workload {
  readonly seed: number;
  readonly keyPrefix: string;
  readonly #target: WorkloadTarget;
  readonly #valueBytes: number;
  readonly #clients: readonly WriterClient[];
  readonly #writers: readonly Writer[];
  readonly #log = new OperationLog();
  readonly #keyspace: Keyspace;
  readonly #waiters: AcknowledgementWaiters;
  readonly #expiryTimer: NodeJS.Timeout;
  readonly #sources = new ReplySources();
  readonly #clock = new RunClock();
  readonly #startedAt = monotonicMs();
  #ended: Promise<number> | undefined;
  #ledger: Promise<Ledger> | undefined;
  /** Is aborted if the workload ends without a ledger. */
  readonly #discarded = new AbortController();

  constructor(target: WorkloadTarget, options: ValidWorkload, clients: readonly Cluster[]) {
    this.#target = target;
    this.#valueBytes = options.valueBytes;
    this.seed = options.seed ?? newSeed();
    // Keys of another program, or of another workload with the same prefix and seed, could be mistaken for keys of this run. That
    // could hide a loss, or make a write seem to be duplicated. Therefore the names of keys are different in each run.
    const runId = randomBytes(6).toString("hex");
    this.keyPrefix = `${target.clientKeyPrefix}${options.keyPrefix ?? "workload"}:${runId}:`;
    this.#keyspace = new Keyspace(this.keyPrefix, options.keys, options.writers, target.shardSlots);
    this.#waiters = new AcknowledgementWaiters(this.#log, this.#keyspace);
    const identify: WorkloadTarget["identify"] = (connection) => target.identify(connection);
    this.#clients = clients.map(
      (client) => new WriterClient(client, target.canRefreshSlots, this.#sources, identify),
    );
    const shared = {
      options,
      keyspace: this.#keyspace,
      log: this.#log,
      rateLimiter: new RateLimiter(options.ratePerSecond),
      inFlight: target.shardSlots.map(() => 0),
      onAcknowledged: (shard: number, key: number, source: number, sentAt: number, doneAt: number) =>
        this.#waiters.notify(shard, key, source, sentAt, doneAt),
    };
    const seeds = seededRandom(this.seed);
    this.#writers = Array.from({ length: options.writers }, (_, index) => {
      const client = this.#clients[index % this.#clients.length] as WriterClient;
      return new Writer(index, client, shared, seededRandom(Math.floor(seeds() * 2 ** 32)));
    });
    for (const writer of this.#writers) writer.start();
    this.#expiryTimer = setInterval(
      () => this.#expire(false),
      Math.min(25, Math.max(5, options.commandTimeoutMs / 20)),
    );
  }

  get progress(): WorkloadProgress {
    const { acknowledged, failed, unknown } = this.#log;
    return { attempts: acknowledged + failed + unknown, acknowledged, failed };
  }

  get stopped(): boolean {
    return this.#ended !== undefined;
  }

  firstAcknowledgedAfter(shard: number, atMs: number, options: AcknowledgedBy = {}): number | undefined {
    const found = this.#waiters.firstAfter(shard, this.#fromEpoch(atMs), this.#filterFor(options.by));
    return found === undefined ? undefined : this.#clock.toEpoch(found.doneAt);
  }

  async waitForAcknowledged(
    shard: number,
    sentAfterMs: number,
    options: WaitForAcknowledgedOptions = {},
  ): Promise<number> {
    const after = this.#fromEpoch(sentAfterMs);
    this.#waiters.requireShard(shard);
    const { by, ...wait } = options;
    const phase = `Waiting for an acknowledged write to shard ${shard}${by === undefined ? "" : ` by ${nameOf(by)}`}`;
    const accepts = by === undefined ? undefined : this.#filterFor(by);
    const defaults = { timeoutMs: 10_000, timeScale: this.#target.timeScale };
    const doneAt = await withinDeadline(phase, wait, defaults, async (signal) =>
      accepts === undefined
        ? await this.#whileFailoverPossible((combined) => this.#waitForOwner(shard, after, combined), signal)
        : (await this.#first(shard, after, accepts, signal)).doneAt,
    );
    return this.#clock.toEpoch(doneAt);
  }

  /** Runs a wait that needs a primary of every shard, and rejects as soon as a failed primary cannot be replaced. */
  async #whileFailoverPossible<T>(
    wait: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const ended = new AbortController();
    const combined = AbortSignal.any([signal, ended.signal]);
    const rejectIfImpossible = async (): Promise<never> => {
      for (;;) {
        await this.#target.requireFailoverPossible?.();
        await pause(FAILOVER_CHECK_MS, combined);
        combined.throwIfAborted();
      }
    };
    try {
      return await Promise.race([wait(combined), rejectIfImpossible()]);
    } finally {
      ended.abort();
    }
  }

  async #waitForOwner(shard: number, after: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      // An acknowledgement that is already in the log is found without a wait, which would check the signal.
      signal.throwIfAborted();
      const ownerOf = await this.#target.readSlotOwners();
      const byOwner: AcknowledgementFilter = (key, source) => {
        const node = this.#sources.nodeOf(source);
        return node !== undefined && node === ownerOf(this.#keyspace.slotOf(key));
      };
      const pollTimeout = AbortSignal.timeout(OWNER_POLL_MS);
      const found = await this.#first(shard, after, byOwner, AbortSignal.any([signal, pollTimeout])).catch(
        (error: unknown) => {
          if (pollTimeout.aborted && !signal.aborted && error === pollTimeout.reason) return undefined;
          throw error;
        },
      );
      if (found === undefined) continue;
      // The node may have been replaced during the wait. Its acknowledgement counts only if it still serves the slot.
      const currentOwnerOf = await this.#target.readSlotOwners();
      if (currentOwnerOf(this.#keyspace.slotOf(found.key)) === this.#sources.nodeOf(found.source))
        return found.doneAt;
    }
  }

  /** Waits for an acknowledgement that passes the filter, and returns the first one. */
  async #first(
    shard: number,
    after: number,
    accepts: AcknowledgementFilter,
    signal: AbortSignal,
  ): Promise<Acknowledgement> {
    const found = await this.#waiters.wait(shard, after, accepts, signal);
    // An earlier acknowledgement may have arrived on a new connection whose node has not been identified yet.
    await Promise.race([this.#sources.waitUntilIdentified(), pause(IDENTIFY_TIMEOUT_MS)]);
    return this.#waiters.firstAfter(shard, after, accepts) ?? found;
  }

  /** Returns a filter for the acknowledgements of one node, or of all nodes. */
  #filterFor(by: NodeOrName | undefined): AcknowledgementFilter {
    if (by === undefined) return () => true;
    const index = this.#target.indexOf(by);
    return (_, source) => this.#sources.nodeOf(source) === index;
  }

  /** Converts milliseconds since the epoch to a time of the log. @throws RedisClusterError INVALID_ARGUMENT */
  #fromEpoch(atMs: number): number {
    // A sum with an unobserved phase is NaN, and no write would ever be later than NaN.
    if (Number.isFinite(atMs)) return this.#clock.fromEpoch(atMs);
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `Finding an acknowledged write: expected a time in milliseconds since the epoch, such as fault.since, got ${atMs}.`,
    );
  }

  async stop(options: StopWorkloadOptions = {}): Promise<Ledger> {
    const existing = this.#ledger;
    if (existing !== undefined)
      return await withinDeadline("Stopping the workload", options, this.#stopDefaults, () => existing);
    this.#discarded.signal.throwIfAborted();
    this.#ledger = this.#buildLedger(options).catch((error: unknown) => {
      this.#ledger = undefined;
      throw error;
    });
    return await this.#ledger;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The data may change from now on: a reset empties the cluster.
    this.#discarded.abort(
      new RedisClusterError(
        "WAIT_ABORTED",
        "Stopping the workload: it was ended without a ledger, by reset(), by stop() of the cluster or at the end of " +
          "an `await using` block. To get a ledger, call stop() of the workload first.",
      ),
    );
    await this.#end(true);
    this.#target.onReleased?.();
  }

  get #stopDefaults(): WaitDefaults {
    return { timeoutMs: STOP_TIMEOUT_MS, timeScale: this.#target.timeScale };
  }

  async #buildLedger(options: StopWorkloadOptions): Promise<Ledger> {
    using deadline = startCallDeadline("Stopping the workload", options, this.#stopDefaults);
    const signal = AbortSignal.any([deadline.signal, this.#discarded.signal]);
    signal.throwIfAborted();
    // Each writer waits for its command in flight, up to the timeout of the command or the deadline.
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
    this.#target.onLedger?.(ledger);
    this.#target.onReleased?.();
    return ledger;
  }

  #end(isForced: boolean): Promise<number> {
    this.#ended ??= (async () => {
      try {
        const stopping = Promise.all(this.#writers.map((writer) => writer.stop()));
        if (isForced) this.#expire(true);
        await stopping;
        return monotonicMs();
      } finally {
        clearInterval(this.#expiryTimer);
        // No client may repeat an abandoned command while the values are read back.
        for (const client of this.#clients) client.close();
        this.#waiters.end();
      }
    })();
    if (isForced) this.#expire(true);
    return this.#ended;
  }

  #expire(isForced: boolean): void {
    const now = monotonicMs();
    this.#clock.detectJump();
    for (const writer of this.#writers) writer.expire(now, isForced);
  }
}

function nameOf(node: NodeOrName): string {
  return typeof node === "string" ? node : node.name;
}

function sumOf(counts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const [word, count] of counts.flatMap((byWord) => [...byWord]))
    sum.set(word, (sum.get(word) ?? 0) + count);
  return sum;
}
