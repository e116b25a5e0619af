import type { RedisClusterNode } from "../cluster/redis-cluster-node.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ClusterCheck } from "../view/cluster-check.ts";
import type { ClusterView } from "../view/cluster-view.ts";

/** Reads the state of the cluster from its nodes, and waits for a state. Nothing is changed. */
export interface ClusterQueries {
  /** All nodes, in the order of their names. */
  readonly nodes: readonly RedisClusterNode[];

  /** Returns the node with a name. @throws RedisClusterError UNKNOWN_NODE if there is no such node. */
  node(name: string): RedisClusterNode;

  /**
   * Returns the current view of every node, and the points on which the views differ. A node that does not answer within two
   * seconds, multiplied by the time scale, is `silent`.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  view(options?: WaitOptions): Promise<ClusterView>;

  /**
   * Checks what `redis-cli --cluster check` checks, and returns the result as data. An unhealthy cluster is described, and causes
   * no error.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  check(options?: WaitOptions): Promise<ClusterCheck>;

  /**
   * Waits until all nodes answer, their views agree, and nothing is wrong. While a node is stopped or paused, the cluster is not
   * healthy.
   *
   * @throws RedisClusterError WAIT_TIMEOUT with everything that is still wrong.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE at once if a primary failed and the cluster has too few primaries to replace
   * it.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`, also during the wait.
   * @example
   * await cluster.pause("node-3");
   * await cluster.resume("node-3");
   * await cluster.waitUntilHealthy();
   */
  waitUntilHealthy(options?: WaitOptions): Promise<void>;

  /**
   * Waits until a node executes commands for a key, and returns the node. This node owns the slot of the key in its own view with
   * the newest config epoch, and its `cluster_state` is `ok`. A node that does not answer never counts, whatever other nodes
   * report about it.
   *
   * A promoted node owns its slots some time before it executes commands for them. With `cluster-require-full-coverage`, the
   * default of Redis, no node executes commands while slots of another shard have no owner that answers. The selector
   * `{ primaryOf: key }` finds the owner in that case as well.
   *
   * @throws RedisClusterError WAIT_TIMEOUT with the slot, its owner, and the reason why the owner rejects commands.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE at once if the primary failed and the cluster has too few primaries to replace
   * it.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`, also during the wait.
   * @example
   * const primary = await cluster.primaryOf("order:42");
   * await primary.client.get("order:42");
   */
  primaryOf(key: string, options?: WaitOptions): Promise<RedisClusterNode>;

  /**
   * Returns the replicas of the current owner of a key's slot: the nodes that answer and report that they follow it. Waits while
   * no node owns the slot. A replica may be out of sync, and may reject reads (MASTERDOWN, CLUSTERDOWN):
   * {@link waitUntilHealthy} waits until none does.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if no node owns the slot in time.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE at once if the primary failed and the cluster has too few primaries to replace
   * it.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`, also during the wait.
   */
  replicasOf(key: string, options?: WaitOptions): Promise<readonly RedisClusterNode[]>;

  /**
   * Returns the nodes that own slots now, in the order of their names. It looks only at roles and does not wait: a returned node
   * may reject commands at this moment. {@link primaryOf} waits until one executes them.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  primaries(options?: WaitOptions): Promise<readonly RedisClusterNode[]>;

  /**
   * Returns the nodes that answer and follow another node now, in the order of their names.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  replicas(options?: WaitOptions): Promise<readonly RedisClusterNode[]>;
}
