import type { AttachedContainers } from "../applications/attached-containers.ts";
import type { ClientPool } from "../clients/client-pool.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import { endAllCalls, revertFaults } from "../cluster/end-use.ts";
import { RedisClusterError } from "../errors.ts";
import type { FaultRegistry } from "../faults/fault-registry.ts";
import type { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import { type WaitOptions, startCallDeadline } from "../timing/call-deadline.ts";
import type { UseOfCluster } from "../sharing/detach.ts";
import type { Sharing } from "../sharing/sharing.ts";

/** Removing six containers takes half a second. An engine that needs longer than this does not work. */
const STOP_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS_PER_NODE = 500;

/** The parts that end with a handle. */
export interface LifetimeParts extends UseOfCluster {
  readonly clients: ClientPool;
  readonly applications: AttachedContainers;
  readonly faults: FaultRegistry;
  readonly sharing: Sharing;
  /** Already contains the steps that remove the cluster if the handle owns it. */
  readonly cleanup: CleanupStack;
  /** Stops the handle from which this one was lent; it owns the cluster. */
  readonly stopLender: (() => Promise<void>) | undefined;
}

/** Ends a handle, and with it the cluster if the handle owns it. */
export class ClusterLifetime implements AsyncDisposable {
  readonly #context: ClusterContext;
  readonly #parts: LifetimeParts;

  constructor(context: ClusterContext, parts: LifetimeParts) {
    this.#context = context;
    this.#parts = parts;
    const { applications, clients, workloads, cleanup } = parts;
    cleanup.add("calls", "the ongoing calls", () => this.#endCalls());
    cleanup.add("workloads", "the workloads", () => workloads.endAll());
    cleanup.add("faults", "the faults", () => this.#endFaults());
    cleanup.add("clients", "the clients", () => clients.close(this.#reason));
    cleanup.add("attachments", "the attached containers", () => applications.detachAll());
  }

  async stop(options: WaitOptions = {}): Promise<void> {
    const { calls, plan } = this.#context;
    if (calls.wasLeft) calls.throwIfEnded();
    const { cleanup, stopLender } = this.#parts;
    using deadline = startCallDeadline(
      () => `Stopping the cluster (phase: ${cleanup.current ?? "done"})`,
      options,
      {
        timeoutMs: STOP_TIMEOUT_MS + plan.nodes.length * STOP_TIMEOUT_MS_PER_NODE,
        timeScale: plan.timeScale,
      },
    );
    deadline.signal.throwIfAborted();
    calls.close(stopped());
    const stopAll = async (): Promise<void> => {
      await cleanup.run();
      await stopLender?.();
    };
    try {
      await abortable(stopAll(), deadline.signal);
      log("%s: stopped", plan.name);
    } catch (error) {
      throw await calls.failed("Stopping the cluster", error);
    }
  }

  /** Ends ongoing calls, observations and a reset with TURN_OVER. Later calls are not affected. */
  async interrupt(message: string): Promise<void> {
    const reason = new RedisClusterError("TURN_OVER", message);
    await this.#context.calls.end(["call", "observation", "reset"], reason);
  }

  /**
   * Ends this handle but not the cluster: ongoing and later calls are rejected with TURN_OVER, workloads ended, faults reverted,
   * clients closed. Stopped nodes stay stopped.
   */
  async leave(message: string): Promise<void> {
    this.#context.calls.close(new RedisClusterError("TURN_OVER", message));
    await this.#parts.cleanup.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#context.calls.wasLeft) await this.stop();
  }

  get #reason(): RedisClusterError {
    return this.#context.calls.ended ?? stopped();
  }

  async #endCalls(): Promise<void> {
    const leases = this.#context.calls.end(["lease"], this.#reason);
    await endAllCalls(this.#context, this.#reason);
    await leases;
  }

  /** Reverts the faults if the cluster continues, and closes the connections of all faults. */
  async #endFaults(): Promise<void> {
    const { abandoned, faults, sharing } = this.#parts;
    if (sharing.clusterOutlivesHandle) await revertFaults(this.#context, faults, abandoned);
    faults.release();
  }
}

function stopped(): RedisClusterError {
  return new RedisClusterError("CLUSTER_STOPPED", "The cluster has been stopped.");
}
