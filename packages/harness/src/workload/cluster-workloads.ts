import type { ClusterClientOptions } from "../clients/cluster-client.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { WorkloadOptions } from "./workload-options.ts";
import type { Workload } from "./workload.ts";

/** The options of a workload. */
export interface ClusterWorkloadOptions extends WorkloadOptions {
  /**
   * The options of the ioredis clients that write, for example those that your service uses. The client that reads back at the end
   * takes only the user name, the password and TLS from them, so that a client that gives up early does not falsify the ledger.
   * `scaleReads` is always `"master"`, because a reply of a replica proves nothing about lost writes.
   *
   * Without these options the clients refresh their slots when a node has not answered for 100 ms. With them they do not: ioredis
   * then notices a paused primary only by `slotsRefreshInterval`.
   * @default the defaults of ioredis, except `retryDelayOnFailover: 20`, `retryDelayOnClusterDown: 20`, `slotsRefreshTimeout: 500`
   */
  readonly client?: ClusterClientOptions | undefined;
}

/** Writes to the cluster while a test breaks it, and checks the result of every write. */
export interface ClusterWorkloads {
  /**
   * Starts writers that continue while a test breaks the cluster, and record every attempt. They write with ioredis clients: 64
   * writers share a client, but with the option `wait` each writer has its own. The workload's `stop()` reads everything back and
   * returns the ledger: the acknowledged, lost, duplicated and stale writes, and how long each shard accepted no writes.
   *
   * Without `stop()` the writers end, and their clients are closed, at the end of an `await using` block, in `reset()`, and with
   * the cluster; there is no ledger then. The keys stay until a reset.
   *
   * @param wait the timeout for connecting the clients.
   * @throws InvalidOptionsError with every option that is invalid.
   * @throws RedisClusterError WAIT_TIMEOUT if the clients do not connect in time. They are closed.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted. The clients are closed.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()` of the cluster.
   * @example
   * await using workload = await cluster.startWorkload({ writers: 4 });
   * await cluster.observeFailover(() => cluster.kill({ primaryOf: "order:42" }));
   * const ledger = await workload.stop();
   * console.log(ledger.lost.length);
   */
  startWorkload(options?: ClusterWorkloadOptions, wait?: WaitOptions): Promise<Workload>;
}
