import type { ClusterContext } from "../cluster/cluster-context.ts";
import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { poll } from "../timing/retry.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ClusterSharing } from "./cluster-sharing.ts";
import { detach, type UseOfCluster } from "./detach.ts";
import type { SharedCluster } from "./shared-cluster.ts";
import type { Sharing } from "./sharing.ts";

/** How long a running node may take to answer again: a broken connection is opened again within 50 ms. Times the time scale. */
const RECONNECT_TIMEOUT_MS = 1_000;
const POLL_MS = 5;

/** Shares the cluster of one handle. */
export class ClusterSharer implements ClusterSharing {
  readonly #context: ClusterContext;
  readonly #sharing: Sharing;
  readonly #use: UseOfCluster;

  constructor(context: ClusterContext, sharing: Sharing, use: UseOfCluster) {
    this.#context = context;
    this.#sharing = sharing;
    this.#use = use;
  }

  async share(options: WaitOptions = {}): Promise<SharedCluster> {
    const { calls, nodes } = this.#context;
    const containerIds = nodes.map(({ container }) => container.id);
    return await calls.query("Sharing the cluster", options, () => this.#sharing.share(containerIds));
  }

  async lease(options: WaitOptions = {}): Promise<AsyncDisposable> {
    const { calls } = this.#context;
    return await calls.run(
      "Waiting for the lease of the cluster",
      options,
      (signal) => this.#acquire(signal),
      "lease",
    );
  }

  async #acquire(signal: AbortSignal): Promise<AsyncDisposable> {
    const release = await this.#sharing.lease(signal);
    try {
      // Another process may have restarted nodes, which gives them other ports, or closed connections of this process.
      await abortable(this.#findNodes(signal), signal);
    } catch (error) {
      release();
      throw error;
    }
    let isHeld = true;
    return {
      [Symbol.asyncDispose]: async () => {
        // A second disposal must not end the calls that the handle makes under its next lease.
        if (!isHeld) return;
        isHeld = false;
        if (this.#context.calls.ended === undefined) {
          const reason = "The lease under which this call was made was returned.";
          await detach(this.#context, this.#use, new RedisClusterError("TURN_OVER", reason));
        }
        release();
      },
    };
  }

  async #findNodes(signal: AbortSignal): Promise<void> {
    const { addresses, nodes, plan } = this.#context;
    const timeoutMs = Math.round(RECONNECT_TIMEOUT_MS * plan.timeScale);
    await Promise.all(
      nodes.map(async ({ plan: node, container, connection }) => {
        if ((await container.state()).status !== "running") return;
        addresses.set(node, await container.publishedAddress());
        const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
        // A node that runs and does not answer is left to the reset.
        await poll(() => connection.text("PING"), { everyMs: POLL_MS, signal: limit }).catch(() => {});
      }),
    );
  }
}
