import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { OngoingCalls } from "./ongoing-calls.ts";
import { poll } from "../timing/retry.ts";
import {
  type WaitDefaults,
  startCallDeadline,
  explainTimeout,
  requireWaitOptions,
  type WaitOptions,
} from "../timing/call-deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";

/**
 * The kind of a call. The kinds differ in what ends them: a reset ends calls and observations; returning the lease also ends a
 * reset; only the end of the handle ends the lease.
 */
export type CallKind = "call" | "observation" | "reset" | "lease";

const POLL_MS = 20;

/**
 * Runs the public calls of one handle. They reject after the end of the handle, have a deadline and a signal, can be ended from
 * outside, and record and explain their failures.
 */
export class ApiCalls {
  readonly #plan: Pick<ClusterPlan, "nodeTimeoutMs" | "timeScale">;
  readonly #explain: (phase: string, error: unknown) => Promise<unknown>;
  readonly #ongoing: Readonly<Record<CallKind, OngoingCalls>> = {
    call: new OngoingCalls(),
    observation: new OngoingCalls(),
    reset: new OngoingCalls(),
    lease: new OngoingCalls(),
  };
  #ended: RedisClusterError | undefined;

  /** @param explain records the error of a call in a phase, and returns the error that the call throws to its caller. */
  constructor(
    plan: Pick<ClusterPlan, "nodeTimeoutMs" | "timeScale">,
    explain: (phase: string, error: unknown) => Promise<unknown>,
  ) {
    this.#plan = plan;
    this.#explain = explain;
  }

  /** The reason why the handle has ended; undefined while it is in use. */
  get ended(): RedisClusterError | undefined {
    return this.#ended;
  }

  /** Rejects all later calls with this error. Ongoing calls are not affected: see {@link end}. */
  close(reason: RedisClusterError): void {
    this.#ended = reason;
  }

  /** Whether the handle was left while the cluster continues: the end of a test or of a lease. */
  get wasLeft(): boolean {
    return this.#ended?.code === "TURN_OVER";
  }

  /** @throws RedisClusterError CLUSTER_STOPPED or TURN_OVER after the end of the handle. */
  throwIfEnded(): void {
    if (this.#ended !== undefined) throw new RedisClusterError(this.#ended.code, this.#ended.message);
  }

  /** Ends the ongoing calls of these kinds with a reason, and resolves when they have settled. Later calls are not affected. */
  async end(kinds: readonly CallKind[], reason: RedisClusterError): Promise<void> {
    await Promise.all(kinds.map((kind) => this.#ongoing[kind].end(reason)));
  }

  /** Returns a signal that aborts, with the reason, when the current calls of this kind are ended. */
  signal(kind: CallKind): AbortSignal {
    return this.#ongoing[kind].signal;
  }

  /** The default timeout of a call, and the time scale. */
  get waitDefaults(): WaitDefaults {
    const { nodeTimeoutMs, timeScale } = this.#plan;
    return { timeoutMs: Math.max(10_000, (10 * nodeTimeoutMs) / timeScale), timeScale };
  }

  /**
   * Returns the options for each part of a call that consists of several calls, so that it also ends between two parts.
   *
   * @param what the action of the call, with which the message of an error starts.
   * @throws RedisClusterError INVALID_ARGUMENT if the timeout or the signal is invalid.
   */
  bound(what: string, { timeoutMs, signal }: WaitOptions): WaitOptions {
    requireWaitOptions(() => what, { timeoutMs, signal }, this.waitDefaults);
    return { timeoutMs, signal: anySignal(signal, this.signal("call")) };
  }

  /** Runs a call that has no deadline of its own, such as an observation. Its errors are not recorded. */
  async track<T>(kind: CallKind, act: (ended: AbortSignal) => Promise<T>): Promise<T> {
    this.throwIfEnded();
    return await this.#ongoing[kind].run(act);
  }

  /**
   * Runs a call within its deadline. If the deadline passes, the error reports the timeout and the condition that was not met.
   * If the signal is already aborted, `act` is not called.
   */
  async run<T>(
    what: string | (() => string),
    options: WaitOptions,
    act: (signal: AbortSignal) => Promise<T>,
    kind: CallKind = "call",
  ): Promise<T> {
    return await this.track(kind, async (ended) => {
      const describe = typeof what === "string" ? () => what : what;
      const { timeoutMs, signal: given } = requireWaitOptions(describe, options, this.waitDefaults);
      const limits = { timeoutMs, signal: anySignal(given, ended) };
      using deadline = startCallDeadline(what, limits, this.waitDefaults);
      try {
        deadline.signal.throwIfAborted();
        return await act(deadline.signal);
      } catch (error) {
        const phase = describe();
        throw await this.failed(phase, endError(phase, ended) ?? explainTimeout(deadline.signal, error));
      }
    });
  }

  /** Runs a call that polls a query every 20 ms until it returns. Until then, the query throws the reason. */
  async waitFor<T>(what: string, options: WaitOptions, query: () => Promise<T>): Promise<T> {
    return await this.run(what, options, (signal) =>
      poll(
        async () => {
          this.throwIfEnded();
          return await query();
        },
        { everyMs: POLL_MS, signal },
      ),
    );
  }

  /** Runs a query once. If the deadline passes, its answer is no longer waited for. */
  async query<T>(what: string, options: WaitOptions, query: () => Promise<T>): Promise<T> {
    return await this.run(what, options, (signal) => abortable(query(), signal));
  }

  /** Records the error of a call, and returns the error to throw instead. */
  async failed(phase: string, error: unknown): Promise<unknown> {
    return await this.#explain(phase, error);
  }
}

function anySignal(given: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return given === undefined ? own : AbortSignal.any([given, own]);
}

/** Returns the error of a call that was ended from outside: the reason, with the name of the call. */
function endError(phase: string, ended: AbortSignal): RedisClusterError | undefined {
  const reason: unknown = ended.reason;
  return reason instanceof RedisClusterError
    ? new RedisClusterError(reason.code, `${phase}: ${reason.message}`, { cause: reason })
    : undefined;
}
