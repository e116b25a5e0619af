import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ResetReport } from "./reset-report.ts";

/** Returns the cluster to its state after the start. */
export interface ClusterResets {
  /**
   * Returns the cluster to its state after the start, and verifies it. Faults are reverted, stopped nodes started, and the planned
   * primaries, replicas and slots restored. Keys, scripts, functions, changed settings, users, subscriptions and connections are
   * removed, and running workloads ended. It does the least that suffices: commands if nothing was broken (milliseconds); otherwise
   * new roles, and new processes for the nodes with irreversible changes; otherwise new processes for all nodes. The report says
   * which, and why.
   *
   * With the option `seed`, keys and functions are those of the seed again, and each key is verified by its digest on every node;
   * keys that expire get the time to live that they had at the start.
   *
   * Ongoing calls of this handle end with WAIT_ABORTED before anything is reverted: waits, faults that are being applied, and
   * observations of failovers. A second reset waits for the first. Afterwards `client` of the cluster and of each node are new, and
   * `history` is empty. Clients of `connect` are closed; clients that the application created lose their connection and reconnect.
   *
   * @param options the timeout and a signal.
   * @default options.timeoutMs `startupTimeoutMs`: 60 000 ms and 1000 ms for each node
   * @throws RedisClusterError RESET_FAILED if the cluster could not be verified. Another call tries again.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes. The cluster stays as it is then, without a usable `client`;
   * another call starts from there.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted. As after WAIT_TIMEOUT.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`, also during the reset, or if the process that started the cluster has
   * ended.
   * @example
   * beforeEach(() => cluster.reset());
   */
  reset(options?: WaitOptions): Promise<ResetReport>;

  /**
   * Returns everything that differs from the state after the start or the last {@link reset}, one sentence each, and changes
   * nothing: keys, settings, users, scripts, functions, roles and slots, replaced processes, commands with lasting effects, logs,
   * subscriptions, named connections, pauses. If the list is empty, a reset would find nothing. Statistics, unnamed connections and
   * reports that a node has failed are not compared. Use it to assert that an application leaves nothing behind.
   *
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  findChanges(options?: WaitOptions): Promise<readonly string[]>;
}
