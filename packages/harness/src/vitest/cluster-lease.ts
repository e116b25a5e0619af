import type { TestContext } from "vitest";
import type { ClusterHandle } from "../handle/cluster-handle.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import type { ClusterWorkloadOptions } from "../workload/cluster-workloads.ts";
import type { Workload } from "../workload/workload.ts";
import { namesOf } from "./compatibility.ts";
import { type AcquiredCluster, ClusterPool } from "./cluster-pool.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { observedFailovers } from "./observed-failovers.ts";
import { recordErrorEvidence, saveTestEvidence } from "./save-test-evidence.ts";
import { leaseAndReset } from "./shared-cluster-source.ts";
import { startTestDeadline } from "./test-deadline.ts";
import type { TestRequest } from "./test-request.ts";
import { TestWorkloads } from "./test-workloads.ts";

/** The options of a {@link ClusterLease}. */
export interface ClusterLeaseOptions {
  readonly source: ClusterSource<ClusterHandle>;
  /** The scope of the cluster: see {@link ClusterPool.acquire}. */
  readonly scope: string;
  /** Whether the test gets a new cluster, which is stopped at the end of the test. */
  readonly isExclusive: boolean;
  /** Whether other processes use the cluster as well, so that the test needs the lease that excludes them. */
  readonly isShared: boolean;
  readonly evidenceDir: string | undefined;
}

/** The parts of the context of a test that a lease needs. */
type LeaseContext = Pick<TestContext, "task" | "signal" | "annotate">;

/** The clusters of this worker. A worker may run many files, and each file calls `redisClusterTest` itself. */
export const workerClusters: ClusterPool<ClusterHandle> = new ClusterPool();

/** The use of a cluster by one test: from the reset before the test to the evidence if the test has failed. */
export class ClusterLease {
  /** The handle of this test, which ends with the lease. */
  readonly cluster: StartedRedisCluster;
  readonly #handle: ClusterHandle;
  readonly #acquired: AcquiredCluster<ClusterHandle>;
  /** The lease that excludes other processes; undefined if the cluster is not shared. */
  readonly #sharedLease: AsyncDisposable | undefined;
  readonly #workloads: TestWorkloads;
  readonly #context: Pick<TestContext, "task" | "signal">;
  readonly #options: ClusterLeaseOptions;

  private constructor(
    acquired: AcquiredCluster<ClusterHandle>,
    sharedLease: AsyncDisposable | undefined,
    context: Pick<TestContext, "task" | "signal">,
    options: ClusterLeaseOptions,
  ) {
    this.#handle = acquired.cluster.lend();
    this.cluster = this.#handle.cluster;
    this.#acquired = acquired;
    this.#sharedLease = sharedLease;
    this.#workloads = new TestWorkloads(this.cluster);
    this.#context = context;
    this.#options = options;
    // Vitest abandons the body of a test that has timed out. The calls that the body awaits must end before the hooks of the test
    // run.
    context.signal.addEventListener("abort", this.#interrupt, { once: true });
  }

  /** Waits for a cluster. If that fails, there is nothing to end. */
  static async acquire(context: LeaseContext, options: ClusterLeaseOptions): Promise<ClusterLease> {
    try {
      return await ClusterLease.#acquire(context, options);
    } catch (error) {
      await recordErrorEvidence(error, context.task);
      throw error;
    }
  }

  static async #acquire(context: LeaseContext, options: ClusterLeaseOptions): Promise<ClusterLease> {
    const { task, signal, annotate } = context;
    // In a beforeEach hook, the timeout of the hook applies, which a fixture cannot read. Then only Vitest's signal ends the
    // wait.
    const isInHook = task.result?.hooks?.beforeEach === "run";
    const request: TestRequest = {
      test: namesOf(task).inFile,
      file: task.file.filepath,
      signal,
      deadline: startTestDeadline(isInHook ? undefined : task.timeout),
    };
    const { source, scope, isExclusive, isShared } = options;
    const acquired = await workerClusters.acquire(source, scope, request, isExclusive);
    let sharedLease: AsyncDisposable | undefined;
    try {
      if (acquired.replacedBecause !== undefined) {
        await annotate(
          `The cluster could not be reset and was replaced: ${acquired.replacedBecause}`,
          "warning",
        );
      }
      sharedLease = isShared ? await leaseAndReset(acquired.cluster.cluster, request) : undefined;
      return new ClusterLease(acquired, sharedLease, context, options);
    } catch (error) {
      await sharedLease?.[Symbol.asyncDispose]();
      await acquired.release();
      throw error;
    }
  }

  readonly #interrupt = (): void => {
    void this.#handle.interrupt(
      `Vitest ended the test "${namesOf(this.#context.task).inFile}" during this call: the test timed out, or the run was cancelled.`,
    );
  };

  /** Starts a workload that ends with the lease. */
  async startWorkload(options?: ClusterWorkloadOptions): Promise<Workload> {
    return await this.#workloads.start(options);
  }

  /**
   * Stops the workloads of the test, passes its failovers to the reporter, saves the evidence if the test has failed, and
   * releases the cluster. Later calls through the fixtures of the test are rejected.
   *
   * @throws the problems of a workload that the test did not stop.
   */
  async end(): Promise<void> {
    const { task } = this.#context;
    const hasFailed = task.result?.state === "fail" && task.fails !== true;
    try {
      const problem = await this.#workloads.finish(hasFailed);
      const failovers = observedFailovers(this.cluster.history);
      if (failovers.length > 0) task.meta.redisClusterFailovers = failovers;
      if (hasFailed || problem !== undefined) {
        const error = problem ?? task.result?.errors?.at(-1)?.message;
        await saveTestEvidence(this.cluster, task, error, this.#options.evidenceDir);
      }
      if (problem !== undefined) throw problem;
    } finally {
      await this.#release();
    }
  }

  async #release(): Promise<void> {
    const { task, signal } = this.#context;
    signal.removeEventListener("abort", this.#interrupt);
    try {
      await this.#handle.leave(
        `The test "${namesOf(task).inFile}" has ended, so its fixtures can no longer be used. Await every call inside the ` +
          "test. If the test timed out, give it a longer timeout.",
      );
    } finally {
      await this.#sharedLease?.[Symbol.asyncDispose]();
      await this.#acquired.release();
    }
  }
}
