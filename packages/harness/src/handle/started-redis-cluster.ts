import type { ApplicationContainers } from "../applications/application-containers.ts";
import type { ClusterClients } from "../clients/cluster-clients.ts";
import type { ClusterNetwork } from "../docker/cluster-network.ts";
import type { ClusterDiagnostics } from "../evidence/cluster-diagnostics.ts";
import type { FailoverObservation } from "../failover/failover-observation.ts";
import type { ClusterFaults } from "../faults/cluster-faults.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { ClusterQueries } from "../queries/cluster-queries.ts";
import type { ClusterResets } from "../reset/cluster-resets.ts";
import type { ClusterSharing } from "../sharing/cluster-sharing.ts";
import type { ClusterInfo } from "../cluster/cluster-info.ts";
import type { StartupReport } from "../cluster/startup-report.ts";
import type { ClusterWorkloads } from "../workload/cluster-workloads.ts";

/**
 * A running cluster. Call {@link stop}, or declare it with `await using`.
 *
 * Its methods come from families, one interface each: a function that needs only some of them can take that interface as its
 * parameter, and a unit test can pass an object of its own.
 */
export interface StartedRedisCluster
  extends ClusterQueries,
    ClusterFaults,
    ClusterClients,
    ApplicationContainers,
    FailoverObservation,
    ClusterWorkloads,
    ClusterResets,
    ClusterSharing,
    ClusterDiagnostics,
    AsyncDisposable {
  /** The facts about the cluster that do not change while it runs. */
  readonly info: ClusterInfo;
  /**
   * The plan of the cluster: everything that was decided before anything was started.
   * @deprecated Use {@link info}, `nodes`, {@link network} and `credentials()`. The plan is internal, and ends with version 1.0.
   */
  readonly plan: ClusterPlan;
  /** The cluster's own network. It is a Testcontainers network, so that the container of an application can join it. */
  readonly network: ClusterNetwork;
  /** The duration of each phase of the start, and how the cluster was formed. */
  readonly startup: StartupReport;
  /** The methods that break the cluster, as one object that can be passed on or taken apart. */
  readonly faults: ClusterFaults;

  /**
   * Closes all clients and removes the containers, their volumes and the network. Faults need not be healed before. A reset that
   * is running ends with CLUSTER_STOPPED. A second call waits for the first; after a call that failed, another one retries what
   * failed. If a call times out or is aborted, the removal continues.
   *
   * The handle of `connectRedisCluster` only closes what it has opened and reverts its faults; stopped nodes stay stopped.
   *
   * @default options.timeoutMs 60 000 ms and 500 ms for each node
   * @throws RedisClusterError CLEANUP_FAILED with everything that is left.
   * @throws RedisClusterError WAIT_TIMEOUT with what was being removed.
   * @throws RedisClusterError WAIT_ABORTED with what was being removed.
   * @example
   * afterAll(() => cluster.stop());
   */
  stop(options?: WaitOptions): Promise<void>;

  /** Calls {@link stop}. */
  [Symbol.asyncDispose](): Promise<void>;
}
