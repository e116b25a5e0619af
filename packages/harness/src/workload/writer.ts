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

/** After an attempt without success: a server that refuses at once should not be asked all the time. */
const PAUSE_MS = 5;
/** A command that is under way for longer than this has met a node that does not answer. */
const NO_ANSWER_MS = 100;
/** So often another key is drawn where too many writers wait for a shard already. */
const DRAWS = 4;

/** What all writers of a workload share. */
export interface SharedParts {
  readonly options: ValidWorkload;
  readonly keyspace: Keyspace;
  readonly log: OperationLog;
  readonly rateLimiter: RateLimiter;
  /** Commands under way, by shard. */
  readonly load: number[];
  /** Called after a write was acknowledged. */
  readonly acknowledged: (shard: number, key: number, source: number, sentAt: number, doneAt: number) => void;
}

interface Attempt {
  readonly kind: WriteKind;
  readonly read: boolean;
  readonly key: number;
  readonly name: string;
  readonly sequence: number;
  readonly sentAt: number;
  readonly closedBefore: number;
  readonly dispatch: Dispatch;
}

/**
 * One writer: sends a command, notes what became of it, sends the next. It has one command under way at a time, so
 * that the order of its writes is known. A command that is given up may still be applied at any later time.
 */
export class Writer {
  readonly #index: number;
  readonly #client: WriterClient;
  readonly #shared: SharedParts;
  readonly #random: () => number;
  readonly #keys: readonly number[];
  readonly #limitMs: number;
  readonly #fullShard: number;
  readonly #stopped = Promise.withResolvers<void>();
  #attempt: Attempt | undefined;
  #pause: NodeJS.Timeout | undefined;
  #sequence = 0;
  #lastSet: { readonly key: number; readonly sequence: number } | undefined;
  #stopping = false;
  #endedAt: number | undefined;

  constructor(index: number, client: WriterClient, shared: SharedParts, random: () => number) {
    const { options, keyspace } = shared;
    this.#index = index;
    this.#client = client;
    this.#shared = shared;
    this.#random = random;
    this.#keys = keyspace.keysOf(index);
    this.#limitMs = options.commandTimeoutMs + (options.wait > 0 ? options.waitTimeoutMs : 0);
    // A shard that does not answer gets half of the writers at most, so that the others are still written to.
    this.#fullShard = Math.max(1, Math.ceil(options.writers / 2));
  }

  start(): void {
    this.#next(0);
  }

  /** Sends nothing more. Resolves when the command under way has an outcome, at the latest at its time limit. */
  stop(): Promise<void> {
    this.#stopping = true;
    if (this.#pause !== undefined) {
      clearTimeout(this.#pause);
      this.#pause = undefined;
      this.#stopped.resolve();
    }
    return this.#stopped.promise;
  }

  /** Gives up the command under way where its time is over, or at once. One timer for all writers calls this. */
  expire(now: number, atOnce = false): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    const { wait, waitTimeoutMs } = this.#shared.options;
    const sinceMs = now - attempt.sentAt;
    if (sinceMs >= NO_ANSWER_MS + (wait > 0 ? waitTimeoutMs : 0)) this.#client.noAnswer(now);
    if (atOnce || sinceMs >= this.#limitMs) this.#record(attempt, 0, "unknown", "timeout");
  }

  /** When its client ended for good and it had to stop, by `monotonicMs()`; undefined if it stopped when it was asked to. */
  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  #next(leastMs: number): void {
    if (!this.#stopping && this.#client.ended) this.#endedAt = this.#client.endedAt ?? monotonicMs();
    if (this.#stopping || this.#client.ended) {
      this.#stopped.resolve();
      return;
    }
    const delayMs = Math.max(leastMs, this.#shared.rateLimiter.reserve(monotonicMs()));
    // A timer is a millisecond at least; below that the pace evens out by itself.
    if (delayMs < 1) {
      this.#send();
      return;
    }
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#send();
    }, delayMs);
  }

  #send(): void {
    const attempt = this.#choose();
    this.#attempt = attempt;
    const { load, keyspace, options } = this.#shared;
    const shard = keyspace.shardOf(attempt.key);
    load[shard] = (load[shard] ?? 0) + 1;
    const client = this.#client.cluster;
    const { kind, name } = attempt;
    const refuse = (error: unknown): void => this.#refused(attempt, error);
    if (attempt.read) {
      sendRead(client, kind, name).then((reply) => {
        this.#record(attempt, observedValue(kind, reply), "acknowledged", "");
      }, refuse);
      return;
    }
    const value = encodeValue(this.#index, attempt.sequence, options.valueBytes);
    if (options.wait === 0) {
      sendWrite(client, kind, name, value).then((reply) => this.#written(attempt, reply), refuse);
      return;
    }
    const wait = { replicas: options.wait, timeoutMs: options.waitTimeoutMs };
    sendWriteAndWait(client, kind, name, value, wait).then(({ reply, error, replicas, waitError }) => {
      if (error !== undefined) {
        if (/^(?:MOVED|ASK) /.test(error.message)) refreshRoute(client, name);
        refuse(error);
      } else if (waitError !== undefined) {
        // The write was done; only how far it got is open, whatever the reason.
        this.#record(attempt, 0, "unknown", classifyError(waitError, false).word);
      } else if (replicas === undefined || replicas < wait.replicas) {
        this.#record(attempt, 0, "unknown", "WAIT");
      } else {
        this.#written(attempt, reply);
      }
    }, refuse);
  }

  #written(attempt: Attempt, reply: unknown): void {
    const count = attempt.kind === "counter" ? parseInteger(reply) : 0;
    if (count === undefined) this.#record(attempt, 0, "unknown", "reply");
    else this.#record(attempt, count, "acknowledged", "");
  }

  #choose(): Attempt {
    const { options, keyspace, load } = this.#shared;
    const draw = <T>(items: readonly T[]): T => items[Math.floor(this.#random() * items.length)] as T;
    const kind = draw(options.kinds);
    const wantsRead = options.reads > 0 && this.#random() < options.reads;
    // Of the keys that were written once, a writer reads its last one.
    const read = wantsRead && (kind !== "set" || this.#lastSet !== undefined);
    let key = draw(this.#keys);
    for (let draws = 1; draws < DRAWS; draws += 1) {
      if ((load[keyspace.shardOf(key)] ?? 0) < this.#fullShard) break;
      key = draw(this.#keys);
    }
    let sequence = 0;
    if (!read) {
      this.#sequence += 1;
      sequence = this.#sequence;
    } else if (kind === "set" && this.#lastSet !== undefined) {
      ({ key, sequence } = this.#lastSet);
    }
    const name = keyspace.name(kind, key, kind === "set" ? formatToken(this.#index, sequence) : "");
    const closedBefore = this.#client.closedConnections;
    const dispatch = this.#client.dispatches.expect(name);
    return { kind, read, key, name, sequence, sentAt: monotonicMs(), closedBefore, dispatch };
  }

  #refused(attempt: Attempt, error: unknown): void {
    const { outcome, word } = classifyError(error, this.#client.closedConnections !== attempt.closedBefore);
    this.#record(attempt, 0, outcome, word);
  }

  #record(attempt: Attempt, observed: number, outcome: Outcome, error: string): void {
    // An answer to a command that was given up changes nothing any more.
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    const { log, load, keyspace } = this.#shared;
    const { kind, read, key, name, sequence, sentAt, dispatch } = attempt;
    const { source } = dispatch;
    this.#client.dispatches.settle(name, dispatch, outcome === "acknowledged");
    const shard = keyspace.shardOf(key);
    load[shard] = (load[shard] ?? 1) - 1;
    const doneAt = monotonicMs();
    log.append(kind, read, this.#index, key, sequence, observed, sentAt, doneAt, outcome, error, source);
    if (outcome === "acknowledged" && !read) {
      if (kind === "set") this.#lastSet = { key, sequence };
      this.#shared.acknowledged(shard, key, source, sentAt, doneAt);
    }
    this.#next(outcome === "acknowledged" ? 0 : PAUSE_MS);
  }
}
