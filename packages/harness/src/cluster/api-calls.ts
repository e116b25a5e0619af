import { RedisClusterError } from "../errors.ts";
import { requireKnownOptions } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { abortable } from "../timing/deadline.ts";
import { OngoingCalls } from "./ongoing-calls.ts";
import { poll } from "../timing/retry.ts";
import {
  type WaitDefaults,
  startCallDeadline,
  explainTimeout,
  type WaitOptions,
} from "../timing/call-deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";

/**
 * What a call belongs to: `reset` and `lease` are calls that other calls must not end, `observation` an observed failover,
 * and `call` everything else.
 */
export type CallKind = "call" | "observation" | "reset" | "lease";

const POLL_MS = 20;

/**
 * What all public calls of one handle share: they reject after the end of the handle, have a deadline and a signal, can be
 * ended from outside, and record and explain their failures.
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

  /** @param explain records what a call threw in a phase, and returns what the call throws to its caller. */
  constructor(
    plan: Pick<ClusterPlan, "nodeTimeoutMs" | "timeScale">,
    explain: (phase: string, error: unknown) => Promise<unknown>,
  ) {
    this.#plan = plan;
    this.#explain = explain;
  }

  /** Why the handle has ended; undefined while it is in use. */
  get ended(): RedisClusterError | undefined {
    return this.#ended;
  }

  /** Rejects all later calls with this error. Ongoing calls are not affected: see {@link end}. */
  close(reason: RedisClusterError): void {
    this.#ended = reason;
  }

  /** @throws RedisClusterError CLUSTER_STOPPED or TURN_OVER after the end of the handle. */
  refuseEnded(): void {
    if (this.#ended !== undefined) throw new RedisClusterError(this.#ended.code, this.#ended.message);
  }

  /** Ends the ongoing calls of these kinds with a reason, and resolves when they have settled. Later calls are not affected. */
  async end(kinds: readonly CallKind[], reason: RedisClusterError): Promise<void> {
    await Promise.all(kinds.map((kind) => this.#ongoing[kind].end(reason)));
  }

  /** Aborts with the reason when the calls of this kind that are made now are ended. */
  signal(kind: CallKind): AbortSignal {
    return this.#ongoing[kind].signal;
  }

  /** The time limit of a call whose options set none. */
  get waitDefaults(): WaitDefaults {
    const { nodeTimeoutMs, timeScale } = this.#plan;
    return { timeoutMs: Math.max(10_000, (10 * nodeTimeoutMs) / timeScale), timeScale };
  }

  /** The options of a call that consists of several: it also ends if calls are ended between two of them. */
  bound({ timeoutMs, signal }: WaitOptions): WaitOptions {
    return { timeoutMs, signal: anySignal(signal, this.signal("call")) };
  }

  /** Runs a call that has no deadline of its own, such as an observation. Its errors are not recorded. */
  async track<T>(kind: CallKind, act: (ended: AbortSignal) => Promise<T>): Promise<T> {
    this.refuseEnded();
    return await this.#ongoing[kind].run(act);
  }

  /**
   * Runs a call within its deadline. If the deadline passes, the error says both that the time is over and what was missing.
   * With a signal that is already aborted, nothing is done.
   */
  async run<T>(
    what: string | (() => string),
    options: WaitOptions,
    act: (signal: AbortSignal) => Promise<T>,
    kind: CallKind = "call",
  ): Promise<T> {
    return await this.track(kind, async (ended) => {
      const { signal: given, timeoutMs } = options;
      const limits = { timeoutMs, signal: anySignal(given, ended) };
      using deadline = startCallDeadline(what, limits, this.waitDefaults);
      try {
        deadline.signal.throwIfAborted();
        return await act(deadline.signal);
      } catch (error) {
        const phase = typeof what === "string" ? what : what();
        throw await this.failed(phase, endError(phase, ended) ?? explainTimeout(deadline.signal, error));
      }
    });
  }

  /** Runs a call that asks every 20 ms until there is an answer. `ask` throws the reason why there is none yet. */
  async waitFor<T>(what: string, options: WaitOptions, ask: () => Promise<T>): Promise<T> {
    requireKnownOptions(what, WAIT_OPTIONS, options);
    return await this.run(what, options, (signal) =>
      poll(
        async () => {
          this.refuseEnded();
          return await ask();
        },
        { everyMs: POLL_MS, signal },
      ),
    );
  }

  /** Runs a call that asks once. When the deadline passes, the answer is no longer waited for. */
  async query<T>(what: string, options: WaitOptions, ask: () => Promise<T>): Promise<T> {
    requireKnownOptions(what, WAIT_OPTIONS, options);
    return await this.run(what, options, (signal) => abortable(ask(), signal));
  }

  /** Records what a call threw, and returns what to throw instead. */
  async failed(phase: string, error: unknown): Promise<unknown> {
    return await this.#explain(phase, error);
  }
}

function anySignal(given: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return given === undefined ? own : AbortSignal.any([given, own]);
}

/** The error of a call that was ended from outside: the reason, and what the call was. */
function endError(phase: string, ended: AbortSignal): RedisClusterError | undefined {
  const reason: unknown = ended.reason;
  return reason instanceof RedisClusterError
    ? new RedisClusterError(reason.code, `${phase}: ${reason.message}`, { cause: reason })
    : undefined;
}
