import { randomUUID } from "node:crypto";
import { ConnectableCluster, type ConnectableParts } from "./connectable-cluster.ts";
import { messageOf, RedisClusterError, summarize } from "./errors.ts";
import { describeLate } from "./faults/late-faults.ts";
import type { ManagedNode } from "./cluster/managed-node.ts";
import type { NetworkFault } from "./faults/network-faults.ts";
import { orAborted, startDeadline } from "./lifecycle/deadline.ts";
import { log } from "./lifecycle/log.ts";
import { poll } from "./lifecycle/poll.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import type { Baseline } from "./reset/baseline.ts";
import { findChanges } from "./reset/find-changes.ts";
import { type ResetOutcome, type ResetReport, resetCluster } from "./reset/reset-cluster.ts";
import type { SharedCluster } from "./sharing/shared-cluster.ts";
import type { NetworkFaults, Sharing } from "./sharing/sharing.ts";
import type { Workload } from "./workload/workload.ts";
import { monotonicMs } from "./clock/real-time.ts";

// All of these are multiplied by the time scale.
/** How long a node that runs may take to be reached again: a connection that was cut is tried again within 50 ms. */
const REUNION_LIMIT_MS = 1_000;
/** The owner of a shared cluster answers within a millisecond, unless its process is stuck. */
const TELL_LIMIT_MS = 5_000;
/** Taking faults back takes a helper container for each of some nodes. What is not done then is for the next reset. */
const LET_GO_LIMIT_MS = 10_000;

const ENDED_BY_RESET = new RedisClusterError(
  "WAIT_ABORTED",
  "A reset() of the cluster ended this call. Wait for a call before you reset the cluster.",
);

/** What resetting and sharing a cluster need. */
export interface ResettableParts extends ConnectableParts {
  readonly sharing: Sharing;
}

/** The part of a started cluster that can be given to the next one who wants it: the next test, another process. */
export class ResettableCluster extends ConnectableCluster {
  protected readonly workloads: Set<Workload> = new Set();
  readonly #sharing: Sharing;
  readonly #stopping = new AbortController();
  #resetting: Promise<ResetReport> | undefined;
  /** The work of a reset that its caller has stopped waiting for. */
  #unsettled: Promise<unknown> = Promise.resolve();

  constructor(parts: ResettableParts) {
    super(parts);
    this.#sharing = parts.sharing;
  }

  /**
   * Puts the cluster back to what it was when it had just started, and proves it: faults are taken back, dead nodes
   * started, planned primaries, replicas and slots restored; keys, scripts, functions, changed settings, users,
   * subscriptions and connections are gone, running workloads ended. It does the least that is enough: commands where
   * nothing was broken (milliseconds), else new roles and new processes for the nodes that carry traces, else a new
   * start of every node. The report says which, and why.
   *
   * With the option `seed`, keys and functions are those of the seed again, and each key is verified by digest on every
   * node; keys that expire get the time to live that they had at the start.
   *
   * Calls of this handle that are under way end with WAIT_ABORTED before anything is reverted: waits, faults that are
   * being applied, observations of failovers. A second reset waits for the first. `client`, and each node's, are new
   * afterwards, and `history` begins again; clients from {@link connect} are closed; an application's own are cut off and
   * connect again.
   *
   * @param options default time limit: the start's, 60 000 ms and 1 000 for each node unless `startupTimeoutMs` says
   * otherwise.
   * @throws RedisClusterError RESET_FAILED when even that could not be proven; ENGINE_FAILED; WAIT_TIMEOUT;
   * WAIT_ABORTED; CLUSTER_STOPPED, also when it is stopped meanwhile, or the process that started it is gone. The
   * cluster is then as it was at that moment, without a usable `client`; another call begins anew.
   */
  async reset(options: WaitOptions = {}): Promise<ResetReport> {
    const others = this.#resetting;
    if (others !== undefined) {
      // Each caller has a time limit of its own.
      const join = (signal: AbortSignal): Promise<ResetReport> => orAborted(others, signal);
      return await this.calls.run("Resetting the cluster", this.#limits(options), join, "reset");
    }
    this.#resetting = this.repairing(() => this.#run(options)).finally(() => {
      this.#resetting = undefined;
    });
    return await this.#resetting;
  }

  /**
   * Returns everything that differs from the cluster's state after its start or its last {@link reset}, one sentence each,
   * and changes nothing: keys, settings, users, scripts, functions, roles and slots, replaced processes, commands with
   * lasting effects, logs, subscriptions, named connections, pauses. An empty list means that a reset would find nothing.
   * Statistics, unnamed connections and reports that a node has failed are not compared. Use it to assert that an application leaves nothing behind.
   *
   * @param options default time limit: 10 000 ms, or ten node timeouts if that is longer.
   * @throws RedisClusterError ENGINE_FAILED; WAIT_TIMEOUT; WAIT_ABORTED; CLUSTER_STOPPED.
   */
  async findChanges(options: WaitOptions = {}): Promise<readonly string[]> {
    return await this.calls.run("Comparing the cluster with its start", options, async (signal) => {
      const known = [this.#sharing.baseline(signal), this.#sharing.networkFaults(signal)] as const;
      const [before, faults] = await orAborted(Promise.all(known), signal);
      return await orAborted(findChanges(this.members, before, doomedBy(faults), signal), signal);
    });
  }

  #limits({ timeoutMs, signal }: WaitOptions): WaitOptions {
    const { startupTimeoutMs, timeScale } = this.plan;
    return { timeoutMs: timeoutMs ?? startupTimeoutMs / timeScale, signal };
  }

  async #run(options: WaitOptions): Promise<ResetReport> {
    const begun = monotonicMs();
    const makeAsNew = async (limit: AbortSignal): Promise<ResetReport> => {
      const outcome = await this.#makeAsNew(AbortSignal.any([limit, this.#stopping.signal]));
      this.recorder.clear();
      const tookMs = monotonicMs() - begun;
      const { way, because = "nothing was broken" } = outcome;
      log("%s: %s in %d ms, because %s", this.plan.name, way, Math.round(tookMs), because);
      return { ...outcome, tookMs };
    };
    return await this.calls.run("Resetting the cluster", this.#limits(options), makeAsNew, "reset");
  }

  async #makeAsNew(signal: AbortSignal): Promise<Omit<ResetReport, "tookMs">> {
    try {
      // Before anything is reverted: a call may be on its way to a fault, an observation writes to every shard.
      await orAborted(this.#endCalls(ENDED_BY_RESET), signal);
      await orAborted(Promise.all([this.endWorkloads(), this.dropClients()]), signal);
      const doomed = await orAborted(this.takeBackFaults(signal), signal);
      const known = [this.#sharing.baseline(signal), this.#sharing.networkFaults(signal)] as const;
      const [before, untaken] = await orAborted(Promise.all(known), signal);
      const all = new Map([...doomedBy(untaken), ...doomed]);
      // An earlier reset that was aborted ends what it has begun; both would start the same containers.
      await orAborted(this.#unsettled, signal);
      // The engine may have fallen silent at any point of it.
      const because: string[] = [];
      const run = async (from: Baseline, nodes: ReadonlyMap<string, string>): Promise<ResetOutcome> => {
        const resetting = resetCluster(this.members, from, nodes, signal, because);
        this.#unsettled = resetting.catch(() => {});
        return await orAborted(resetting, signal).catch((error: unknown) => {
          throw error === signal.reason && because.length > 0 ? new Error(summarize(because)) : error;
        });
      };
      const late = this.lateFaults.pending;
      const first = await run(before, all);
      const { baseline, ...outcome } =
        late.length === 0 ? first : await this.#again(first, () => run(first.baseline, new Map()), signal);
      await orAborted(this.#sharing.keepBaseline(baseline, signal), signal);
      await orAborted(this.#sharing.forgetNetworkFaults([...untaken.keys()], signal), signal);
      await this.renewClient(signal);
      return outcome;
    } catch (error) {
      // Whatever failed, it did so because of that.
      this.#stopping.signal.throwIfAborted();
      throw error;
    }
  }

  /**
   * Verifies the cluster again after a reset during which a late fault could become active, as soon as none can any more.
   *
   * @throws RedisClusterError RESET_FAILED if one still can.
   */
  async #again(
    first: ResetOutcome,
    run: () => Promise<ResetOutcome>,
    signal: AbortSignal,
  ): Promise<ResetOutcome> {
    await this.lateFaults.settle(signal);
    const open = this.lateFaults.pending.map(describeLate);
    if (open.length > 0) {
      throw new RedisClusterError(
        "RESET_FAILED",
        `The cluster could not be verified: ${summarize(open)}. See whether the engine answers, or stop the cluster and start another one.`,
        { details: { because: open } },
      );
    }
    const second = await run();
    const restarted = new Set([...first.restarted, ...second.restarted]);
    return {
      ...second,
      ...(second.way === "rebuilt" ? {} : { way: first.way, because: first.because }),
      restarted: this.plan.nodes.map(({ name }) => name).filter((name) => restarted.has(name)),
    };
  }

  protected async endWorkloads(): Promise<void> {
    const workloads = [...this.workloads];
    this.workloads.clear();
    await Promise.all(workloads.map((workload) => workload[Symbol.asyncDispose]()));
  }

  /**
   * Ends what this handle has under way, with the reason. A cluster that goes on is left without the handle's faults;
   * dead nodes stay dead.
   */
  protected async endUse(reason: RedisClusterError): Promise<void> {
    this.#stopping.abort(reason);
    const waits = this.calls.end(["lease"], reason);
    if (this.#sharing.outlivesHandle) await this.#letGo(reason);
    else {
      await Promise.all([this.#endCalls(reason), this.calls.end(["reset"], reason)]);
      await this.endWorkloads();
    }
    await waits;
  }

  /** Ends the calls that are under way, but no reset. Later calls are not affected. A call that does not end in time is left alone. */
  async #endCalls(reason: RedisClusterError): Promise<void> {
    const limit = this.#letGoLimit();
    const ends = this.calls.end(["call", "observation"], reason);
    await orAborted(ends, limit).catch((error: unknown) => {
      log("%s: not every call has ended: %s", this.plan.name, messageOf(error));
    });
  }

  /** The next user of the cluster knows nothing of this handle's calls, workloads and faults. Dead nodes stay dead. */
  async #letGo(reason: RedisClusterError): Promise<void> {
    // Before the faults: a call that is still under way may be applying one.
    await Promise.all([this.#endCalls(reason), this.calls.end(["reset"], reason)]);
    const limit = this.#letGoLimit();
    const ends = Promise.allSettled([this.endWorkloads(), this.takeBackFaults(limit)]);
    await orAborted(ends, limit).catch((error: unknown) => {
      log("%s: not everything was taken back: %s", this.plan.name, messageOf(error));
    });
  }

  #letGoLimit(): AbortSignal {
    return AbortSignal.timeout(Math.round(LET_GO_LIMIT_MS * this.plan.timeScale));
  }

  protected override async announced(
    members: readonly ManagedNode[],
    apply: () => Promise<NetworkFault>,
  ): Promise<NetworkFault> {
    const id = randomUUID();
    const nodes = members.map(({ plan }) => plan.name);
    await this.#tell((limit) => this.#sharing.noteNetworkFault(id, nodes, limit));
    // One that is noted and no more only costs a restart of its nodes by the next reset.
    const forget = (): Promise<void> =>
      this.#tell((limit) => this.#sharing.forgetNetworkFaults([id], limit)).catch(() => {});
    try {
      const fault = await apply();
      const remove = async (): Promise<void> => {
        await fault.remove();
        await forget();
      };
      return { ...fault, remove };
    } catch (error) {
      // After any other failure a part of it may still be in force.
      if (error instanceof RedisClusterError && error.code === "FAULT_UNSUPPORTED") await forget();
      throw error;
    }
  }

  /** Reports something to the process that started the cluster. */
  async #tell(report: (limit: AbortSignal) => Promise<void>): Promise<void> {
    using deadline = startDeadline({
      timeoutMs: TELL_LIMIT_MS,
      timeScale: this.plan.timeScale,
      signal: undefined,
      what: () => `Reporting a network fault to the process that started ${this.plan.name}`,
      timeoutCode: "WAIT_TIMEOUT",
      abortCode: "WAIT_ABORTED",
    });
    await report(deadline.signal);
  }

  /**
   * What another process on this machine needs to use this cluster, as plain data, for an environment variable, a
   * message or a runner's own way of handing things over: `connectRedisCluster(data)` there gives the whole handle. It
   * holds every password and, with TLS, the client's key. The cluster ends with the handle that started it, whoever
   * uses it; there is nothing to give back.
   *
   * @param options default time limit: 10 000 ms, or ten node timeouts where that is longer.
   * @throws RedisClusterError CLUSTER_STOPPED; WAIT_TIMEOUT; WAIT_ABORTED.
   */
  async share(options: WaitOptions = {}): Promise<SharedCluster> {
    return await this.calls.run("Sharing the cluster", options, (signal) =>
      orAborted(this.#sharing.share(this.nodes.map(({ containerId }) => containerId)), signal),
    );
  }

  /**
   * Waits until nobody else who asks for it uses the cluster, in this process or another, first come first served. It
   * keeps out only those who ask as well. Whoever has got it should {@link reset} first.
   *
   * To give it back, dispose of what this returns. That ends what this handle has under way: its calls and observations
   * are rejected with TURN_OVER, workloads are ended and faults reverted, each within ten seconds. It never rejects; dead
   * nodes stay dead. The lease ends with the process as well. The handle can still be used without it.
   *
   * @param options default time limit: 10 000 ms, or ten node timeouts where that is longer.
   * @throws RedisClusterError CLUSTER_STOPPED, also when the process that started the cluster is gone; WAIT_TIMEOUT;
   * WAIT_ABORTED; ENGINE_FAILED. With a signal that is already aborted, the lease is never taken.
   */
  async lease(options: WaitOptions = {}): Promise<AsyncDisposable> {
    const take = async (signal: AbortSignal): Promise<AsyncDisposable> => {
      const release = await this.#sharing.lease(signal);
      try {
        // Another process may have started nodes again, which gives them other ports, or cut this one's connections.
        await orAborted(this.#findNodes(signal), signal);
      } catch (error) {
        release();
        throw error;
      }
      let held = true;
      return {
        [Symbol.asyncDispose]: async () => {
          // A second end must not take back what the handle does under its next lease.
          if (!held) return;
          held = false;
          if (this.calls.ended === undefined) {
            await this.#letGo(
              new RedisClusterError("TURN_OVER", "The lease under which this call was made was given back."),
            );
          }
          release();
        },
      };
    };
    return await this.calls.run("Waiting for the lease of the cluster", options, take, "lease");
  }

  async #findNodes(signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.members.nodes.map(async ({ plan, container, connection }) => {
        if ((await container.state()).status !== "running") return;
        this.addresses.set(plan, await container.mappedAddress());
        const limitMs = Math.round(REUNION_LIMIT_MS * this.plan.timeScale);
        const soon = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
        // One that runs and does not answer is for the reset to find.
        await poll(() => connection.text("PING"), { everyMs: 5, signal: soon }).catch(() => {});
      }),
    );
  }
}

/** Nodes whose network is to be made anew, and why. */
function doomedBy(faults: NetworkFaults): ReadonlyMap<string, string> {
  const nodes = [...faults.values()].flat();
  return new Map(nodes.map((name) => [name, `a fault in the network of ${name} was not taken back`]));
}
