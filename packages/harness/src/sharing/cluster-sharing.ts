import type { WaitOptions } from "../timing/call-deadline.ts";
import type { SharedCluster } from "./shared-cluster.ts";

/** Lets other processes on this host use the cluster. */
export interface ClusterSharing {
  /**
   * Returns what another process on this host needs to use this cluster, as plain data, for an environment variable, a message,
   * or the way in which a test runner passes data on. There, `connectRedisCluster(data)` returns a complete handle. The data
   * contains every password and, with TLS, the private key of the client. The cluster ends with the handle that started it, also
   * while other handles use it; nothing needs to be returned.
   *
   * @returns plain data that can be converted to JSON.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   * @example
   * process.env["REDIS_CLUSTER"] = JSON.stringify(await cluster.share());
   */
  share(options?: WaitOptions): Promise<SharedCluster>;

  /**
   * Waits for the exclusive use of the cluster, in the order of the calls, across all handles and processes. The lease is
   * advisory: it excludes only other callers of `lease()`. Call `reset()` first when you have the lease.
   *
   * To return the lease, dispose of the returned object. That ends what this handle is doing: its calls and observations are
   * rejected with TURN_OVER, and its workloads and faults are ended, each within ten seconds. The disposal never rejects, and
   * stopped nodes stay stopped. The lease also ends with the process. The handle can still be used without it.
   *
   * @returns an object that returns the lease when it is disposed of.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`, or if the process that started the cluster has ended.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @example
   * await using lease = await cluster.lease();
   * await cluster.reset();
   */
  lease(options?: WaitOptions): Promise<AsyncDisposable>;
}
