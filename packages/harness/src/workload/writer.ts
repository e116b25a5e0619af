import { classifyError } from "./classify-error.ts";
import type { Dispatch } from "./dispatch-tracker.ts";
import {
  parseInteger,
  refreshRoute,
  observedValue,
  sendRead,
  sendWrite,
  sendWriteAndWait,
} from "./commands.ts";
import type { Keyspace } from "./keyspace.ts";
import type { WriteKind } from "./ledger.ts";
import type { OperationLog, Outcome } from "./operation-log.ts";
import type { ValidWorkload } from "./workload-options.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { formatToken, encodeValue } from "./token.ts";
import type { WriterClient } from "./writer-client.ts";
import { clearTimeout, monotonicMs, setTimeout } from "../clock/real-time.ts";

/** Delay after an attempt without success, so that a server that refuses commands at once is not flooded. */
const RETRY_DELAY_MS = 5;
/** Time after which a node without a reply is considered unresponsive. */
const SLOW_REPLY_MS = 100;
/** Maximum number of draws of a key if too many writers already wait for the shard of the drawn one. */
const MAX_DRAWS = 4;

/** The objects that all writers of a workload share. */
export interface SharedParts {
  readonly options: ValidWorkload;
  readonly keyspace: Keyspace;
  readonly log: OperationLog;
  readonly rateLimiter: RateLimiter;
  /** Number of commands in flight, by shard. */
  readonly inFlight: number[];
  /** Is called for every acknowledged write. */
  readonly onAcknowledged: (
    shard: number,
    key: number,
    source: number,
    sentAt: number,
    doneAt: number,
  ) => void;
}

interface Attempt {
  readonly kind: WriteKind;
  readonly isRead: boolean;
  readonly key: number;
  readonly name: string;
  readonly sequence: number;
  readonly sentAt: number;
  /** Number of connections that had closed before the command was sent. */
  readonly closedBefore: number;
  readonly dispatch: Dispatch;
}

/**
 * Sends commands one after the other and records the outcome of each. A writer has one command in flight at a time, so that the
 * order of its writes is known. A command that timed out may still be applied at any later time.
 */
export class Writer {
  readonly #index: number;
  readonly #client: WriterClient;
  readonly #shared: SharedParts;
  readonly #random: () => number;
  readonly #keys: readonly number[];
  readonly #timeoutMs: number;
  readonly #maxPerShard: number;
  readonly #stopped = Promise.withResolvers<void>();
  #attempt: Attempt | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;
  #lastSet: { readonly key: number; readonly sequence: number } | undefined;
  #isStopping = false;
  #endedAt: number | undefined;

  constructor(index: number, client: WriterClient, shared: SharedParts, random: () => number) {
    const { options, keyspace } = shared;
    this.#index = index;
    this.#client = client;
    this.#shared = shared;
    this.#random = random;
    this.#keys = keyspace.keysOf(index);
    this.#timeoutMs = options.commandTimeoutMs + (options.wait > 0 ? options.waitTimeoutMs : 0);
    // At most half of the writers wait for an unresponsive shard, so that the others write to the remaining shards.
    this.#maxPerShard = Math.max(1, Math.ceil(options.writers / 2));
  }

  /** Sends the first command. */
  start(): void {
    this.#next(0);
  }

  /** Stops sending commands. Resolves when the command in flight has an outcome, at the latest at its timeout. */
  stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#stopped.resolve();
    }
    return this.#stopped.promise;
  }

  /**
   * Ends the command in flight with an unknown outcome if it has timed out. One timer calls this for all writers.
   *
   * @param isForced whether the command ends even if it has not timed out.
   */
  expire(now: number, isForced = false): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    const { wait, waitTimeoutMs } = this.#shared.options;
    const sinceMs = now - attempt.sentAt;
    if (sinceMs >= SLOW_REPLY_MS + (wait > 0 ? waitTimeoutMs : 0)) this.#client.onSlowReply(now);
    if (isForced || sinceMs >= this.#timeoutMs) this.#record(attempt, 0, "unknown", "timeout");
  }

  /** When the client ended and the writer therefore stopped, by `monotonicMs()`; undefined if it stopped because of `stop()`. */
  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  #next(minDelayMs: number): void {
    if (!this.#isStopping && this.#client.hasEnded) this.#endedAt = this.#client.endedAt ?? monotonicMs();
    if (this.#isStopping || this.#client.hasEnded) {
      this.#stopped.resolve();
      return;
    }
    const delayMs = Math.max(minDelayMs, this.#shared.rateLimiter.reserve(monotonicMs()));
    // A timer takes at least a millisecond. The rate limiter compensates for shorter delays.
    if (delayMs < 1) {
      this.#send();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, delayMs);
  }

  #send(): void {
    const attempt = this.#chooseAttempt();
    this.#attempt = attempt;
    const { inFlight, keyspace, options } = this.#shared;
    const shard = keyspace.shardOf(attempt.key);
    inFlight[shard] = (inFlight[shard] ?? 0) + 1;
    const client = this.#client.cluster;
    const { kind, name } = attempt;
    const onError = (error: unknown): void => this.#recordError(attempt, error);
    if (attempt.isRead) {
      sendRead(client, kind, name).then((reply) => {
        this.#record(attempt, observedValue(kind, reply), "acknowledged", "");
      }, onError);
      return;
    }
    const value = encodeValue(this.#index, attempt.sequence, options.valueBytes);
    if (options.wait === 0) {
      sendWrite(client, kind, name, value).then((reply) => this.#recordReply(attempt, reply), onError);
      return;
    }
    const wait = { replicas: options.wait, timeoutMs: options.waitTimeoutMs };
    sendWriteAndWait(client, kind, name, value, wait).then(({ reply, error, replicas, waitError }) => {
      if (error !== undefined) {
        if (/^(?:MOVED|ASK) /.test(error.message)) refreshRoute(client, name);
        onError(error);
      } else if (waitError !== undefined) {
        // The write was applied, but it is unknown how many replicas have it.
        this.#record(attempt, 0, "unknown", classifyError(waitError, false).word);
      } else if (replicas === undefined || replicas < wait.replicas) {
        this.#record(attempt, 0, "unknown", "WAIT");
      } else {
        this.#recordReply(attempt, reply);
      }
    }, onError);
  }

  #recordReply(attempt: Attempt, reply: unknown): void {
    const count = attempt.kind === "counter" ? parseInteger(reply) : 0;
    if (count === undefined) this.#record(attempt, 0, "unknown", "reply");
    else this.#record(attempt, count, "acknowledged", "");
  }

  #chooseAttempt(): Attempt {
    const { options, keyspace, inFlight } = this.#shared;
    const draw = <T>(items: readonly T[]): T => items[Math.floor(this.#random() * items.length)] as T;
    const kind = draw(options.kinds);
    const isReadDrawn = options.reads > 0 && this.#random() < options.reads;
    // Each key of kind `set` is written once. A writer reads the last one that it wrote.
    const isRead = isReadDrawn && (kind !== "set" || this.#lastSet !== undefined);
    let key = draw(this.#keys);
    for (let draws = 1; draws < MAX_DRAWS; draws += 1) {
      if ((inFlight[keyspace.shardOf(key)] ?? 0) < this.#maxPerShard) break;
      key = draw(this.#keys);
    }
    let sequence = 0;
    if (!isRead) {
      this.#sequence += 1;
      sequence = this.#sequence;
    } else if (kind === "set" && this.#lastSet !== undefined) {
      ({ key, sequence } = this.#lastSet);
    }
    const name = keyspace.name(kind, key, kind === "set" ? formatToken(this.#index, sequence) : "");
    const closedBefore = this.#client.closedConnections;
    const dispatch = this.#client.dispatches.expect(name);
    return { kind, isRead, key, name, sequence, sentAt: monotonicMs(), closedBefore, dispatch };
  }

  #recordError(attempt: Attempt, error: unknown): void {
    const { outcome, word } = classifyError(error, this.#client.closedConnections !== attempt.closedBefore);
    this.#record(attempt, 0, outcome, word);
  }

  #record(attempt: Attempt, observed: number, outcome: Outcome, error: string): void {
    // The command has timed out, and its outcome is already recorded.
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    const { log, inFlight, keyspace } = this.#shared;
    const { kind, isRead, key, name, sequence, sentAt, dispatch } = attempt;
    const { source } = dispatch;
    this.#client.dispatches.settle(name, dispatch, outcome === "acknowledged");
    const shard = keyspace.shardOf(key);
    inFlight[shard] = (inFlight[shard] ?? 1) - 1;
    const doneAt = monotonicMs();
    log.append(kind, isRead, this.#index, key, sequence, observed, sentAt, doneAt, outcome, error, source);
    if (outcome === "acknowledged" && !isRead) {
      if (kind === "set") this.#lastSet = { key, sequence };
      this.#shared.onAcknowledged(shard, key, source, sentAt, doneAt);
    }
    this.#next(outcome === "acknowledged" ? 0 : RETRY_DELAY_MS);
  }
}
