import type { ClientPool } from "../clients/client-pool.ts";
import { monotonicMs } from "../clock/real-time.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import type { AbandonedWork } from "../cluster/abandoned-work.ts";
import { endCalls } from "../cluster/end-use.ts";
import { RedisClusterError, summarize } from "../errors.ts";
import type { FaultRegistry } from "../faults/fault-registry.ts";
import { describeLate, type LateFaults } from "../faults/late-faults.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import { requireWaitOptions, type WaitOptions } from "../timing/call-deadline.ts";
import type { Repairs } from "../queries/repairs.ts";
import type { Baseline } from "./baseline.ts";
import type { ClusterResets } from "./cluster-resets.ts";
import { findChanges } from "./find-changes.ts";
import { type ResetOutcome, resetCluster } from "./reset-cluster.ts";
import { type ResetReport, withDeprecatedNames } from "./reset-report.ts";
import type { NetworkFaults, SharedState } from "./shared-state.ts";

/** The action of a reset, with which messages start. */
const RESETTING = "Resetting the cluster";
const ENDED_BY_RESET = new RedisClusterError(
  "WAIT_ABORTED",
  "A reset() of the cluster ended this call. Wait for a call before you reset the cluster.",
);

/** What a reset ends and renews besides the nodes. */
export interface ResetParts {
  readonly clients: Pick<ClientPool, "dropAll" | "renew">;
  readonly workloads: { endAll(): Promise<void> };
  readonly faults: Pick<FaultRegistry, "revertAll">;
  readonly lateFaults: LateFaults;
  readonly repairs: Repairs;
  readonly abandoned: AbandonedWork;
  readonly state: SharedState;
}

/** Resets the cluster through one handle. */
export class ClusterResetter implements ClusterResets {
  readonly #context: ClusterContext;
  readonly #parts: ResetParts;
  #ongoing: Promise<ResetReport> | undefined;

  constructor(context: ClusterContext, parts: ResetParts) {
    this.#context = context;
    this.#parts = parts;
  }

  async reset(options: WaitOptions = {}): Promise<ResetReport> {
    requireWaitOptions(() => RESETTING, options, { timeoutMs: this.#defaultTimeoutMs });
    const ongoing = this.#ongoing;
    if (ongoing !== undefined) {
      // Each caller has a timeout of its own.
      return await this.#call(options, (signal) => abortable(ongoing, signal));
    }
    this.#ongoing = this.#parts.repairs
      .during(() => this.#call(options, (signal) => this.#run(signal)))
      .finally(() => {
        this.#ongoing = undefined;
      });
    return await this.#ongoing;
  }

  async findChanges(options: WaitOptions = {}): Promise<readonly string[]> {
    const { calls } = this.#context;
    return await calls.run("Comparing the cluster with its start", options, async (signal) => {
      const [before, networkFaults] = await this.#readState(signal);
      const changes = findChanges(this.#context, before, reasonsToRecreate(networkFaults), signal);
      return await abortable(changes, signal);
    });
  }

  async #call(
    { timeoutMs, signal }: WaitOptions,
    act: (signal: AbortSignal) => Promise<ResetReport>,
  ): Promise<ResetReport> {
    const limits = { timeoutMs: timeoutMs ?? this.#defaultTimeoutMs, signal };
    return await this.#context.calls.run(RESETTING, limits, act, "reset");
  }

  /** The timeout of a start, before scaling. */
  get #defaultTimeoutMs(): number {
    const { startupTimeoutMs, timeScale } = this.#context.plan;
    return startupTimeoutMs / timeScale;
  }

  async #run(signal: AbortSignal): Promise<ResetReport> {
    const startedAt = monotonicMs();
    const outcome = await this.#restore(signal);
    const { history, plan } = this.#context;
    history.clear();
    const tookMs = monotonicMs() - startedAt;
    const { strategy, reason = "nothing was broken" } = outcome;
    log("%s: %s in %d ms, because %s", plan.name, strategy, Math.round(tookMs), reason);
    return withDeprecatedNames({ ...outcome, tookMs });
  }

  async #restore(signal: AbortSignal): Promise<Omit<ResetOutcome, "baseline">> {
    const { clients, workloads, faults, lateFaults, state } = this.#parts;
    // Before anything is reverted: a call may be about to apply a fault, and an observation writes to every shard.
    await abortable(endCalls(this.#context, ENDED_BY_RESET), signal);
    await abortable(Promise.all([workloads.endAll(), clients.dropAll()]), signal);
    const notReverted = await abortable(faults.revertAll(signal), signal);
    const [before, networkFaults] = await this.#readState(signal);
    const toRecreate = new Map([...reasonsToRecreate(networkFaults), ...notReverted]);
    // An aborted earlier reset completes its work first. Otherwise both would start the same containers.
    await abortable(this.#parts.abandoned.settled(), signal);
    const run = this.#resetWithin(signal);
    // A late fault that ends meanwhile may have become active after the last check of its node.
    const mayBeAffected = lateFaults.pending.length > 0;
    const first = await run(before, toRecreate);
    const { baseline, ...outcome } =
      mayBeAffected || lateFaults.pending.length > 0
        ? await this.#verifyAgain(first, () => run(first.baseline, new Map()), signal)
        : first;
    await abortable(state.keepBaseline(baseline, signal), signal);
    await abortable(state.forgetNetworkFaults([...networkFaults.keys()], signal), signal);
    await clients.renew(signal);
    return outcome;
  }

  /** Returns a function that resets the nodes. If the signal aborts, its error names what was found until then. */
  #resetWithin(
    signal: AbortSignal,
  ): (before: Baseline, toRecreate: ReadonlyMap<string, string>) => Promise<ResetOutcome> {
    const findings: string[] = [];
    return async (before, toRecreate) => {
      const resetting = resetCluster(this.#context, before, toRecreate, signal, findings);
      this.#parts.abandoned.add(resetting);
      return await abortable(resetting, signal).catch((error: unknown) => {
        throw error === signal.reason && findings.length > 0 ? new Error(summarize(findings)) : error;
      });
    };
  }

  /**
   * Verifies the cluster again after a reset during which a late fault could become active, as soon as none can any more.
   *
   * @throws RedisClusterError RESET_FAILED if one still can.
   */
  async #verifyAgain(
    first: ResetOutcome,
    run: () => Promise<ResetOutcome>,
    signal: AbortSignal,
  ): Promise<ResetOutcome> {
    const { lateFaults } = this.#parts;
    await lateFaults.settle(signal);
    const open = lateFaults.pending.map(describeLate);
    if (open.length > 0) {
      throw new RedisClusterError(
        "RESET_FAILED",
        `The cluster could not be verified: ${summarize(open)}. See whether the engine answers, or stop the cluster and start another one.`,
        { details: { because: open } },
      );
    }
    const second = await run();
    const restarted = new Set([...first.restarted, ...second.restarted]);
    const names = this.#context.plan.nodes.map(({ name }) => name);
    return {
      ...second,
      ...(second.strategy === "rebuilt" ? {} : { strategy: first.strategy, reason: first.reason }),
      restarted: names.filter((name) => restarted.has(name)),
    };
  }

  async #readState(signal: AbortSignal): Promise<readonly [Baseline, NetworkFaults]> {
    const { state } = this.#parts;
    return await abortable(Promise.all([state.baseline(signal), state.networkFaults(signal)]), signal);
  }
}

/** Returns the nodes whose network must be created again, each with the reason. */
function reasonsToRecreate(faults: NetworkFaults): ReadonlyMap<string, string> {
  const nodes = [...faults.values()].flat();
  return new Map(nodes.map((name) => [name, `a network fault of ${name} was not reverted`]));
}
