import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ExpectedFailover } from "./expected-failover.ts";
import type { Failover, ObserveFailoverOptions } from "./failover.ts";

/** Measures failovers, and computes how long they take. */
export interface FailoverObservation {
  /**
   * Runs `action` and observes the cluster from before it until every shard has recovered. Returns what happened, in milliseconds
   * since the fault: which node suspected the primary and which declared it failed, the election and its announced delay, the
   * promotion, when all nodes agreed, and when the promoted node acknowledged its first write. It also counts the writes that the
   * old primary acknowledged after the promotion.
   *
   * The fault begins at `since` of the action's result, as every fault of this library returns it; otherwise when the first fault
   * of this library began during the action; otherwise when the action was called. Nothing of the action is reverted. During the
   * observation every shard is written to, directly at its nodes; when it ends, its connections are closed and its keys deleted.
   *
   * With one or two primaries, Redis does not promote a replica by itself: the action must do it, with
   * `failover(replica, { mode: "takeover" })` after a kill, or with `failover(replica)` alone.
   *
   * @param action causes the failover, such as `() => cluster.kill({ primaryOf: key })`.
   * @throws RedisClusterError FAILOVER_TIMEOUT with the likely reason if the cluster has not recovered within `withinMs`.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE as soon as the action has ended if a primary failed in a cluster of one or two
   * primaries.
   * @throws RedisClusterError INVALID_ARGUMENT if an option is invalid, or if no node owns slots before the action.
   * @throws RedisClusterError WAIT_TIMEOUT if no node can be connected to before the action.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted, or the cluster is reset meanwhile.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`, also during the observation.
   * @throws the error of the action.
   * @example
   * const failover = await cluster.observeFailover(() => cluster.kill({ primaryOf: "order:42" }));
   * console.log(failover.promoted.name, failover.phases.recoveredMs);
   */
  readonly observeFailover: (
    action: () => Promise<unknown>,
    options?: ObserveFailoverOptions,
  ) => Promise<Failover>;

  /**
   * Computes how long a failover of one shard takes by the rules of the server, in milliseconds from the failure of its primary
   * to the promotion: its parts, their sum, and how long it takes until the promoted node executes commands (`serving`, as if its
   * process had started at the failure). It follows from the node timeout, the server's version, and the smallest number of
   * replicas that the plan gives a shard. It applies to a machine that is not overloaded. It is `Infinity` if a shard has no
   * replica, or the cluster fewer than three primaries. Only the version is requested from the cluster.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if no node answers.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  expectedFailoverMs(options?: WaitOptions): Promise<ExpectedFailover>;
}
