import type { TestContext } from "vitest";
import type { ClusterHandle } from "../handle/cluster-handle.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import type { ClusterWorkloadOptions } from "../workload/cluster-workloads.ts";
import type { Workload } from "../workload/workload.ts";
import type { Borrower, Source } from "./borrower.ts";
import { type Borrowed, ClusterKeeper } from "./cluster-keeper.ts";
import { observedFailovers } from "./observed-failovers.ts";
import { recordEvidenceOf, saveTestEvidence } from "./save-evidence.ts";
import { leaseAndReset } from "./shared-cluster.ts";
import { TestWorkloads } from "./test-workloads.ts";
import { timeLeft } from "./time-left.ts";

/** What a turn needs to know. */
export interface TurnOptions {
  readonly source: Source<ClusterHandle>;
  /** Who ends the cluster: see `ClusterKeeper.borrow`. */
  readonly home: string;
  /** A fresh cluster that ends with the turn. */
  readonly alone: boolean;
  /** Take the lease of a cluster that other processes use as well. */
  readonly leased: boolean;
  readonly evidenceDir: string | undefined;
}

/** What of a test's context a turn uses. */
type TurnContext = Pick<TestContext, "task" | "signal" | "annotate">;

/** Every cluster of this worker. One list, although each file makes its own `test`: a worker may run many files. */
export const workerClusters: ClusterKeeper<ClusterHandle> = new ClusterKeeper();

/** One test's turn at a cluster: from the moment at which it is as good as new to the evidence of a failure. */
export class ClusterTurn {
  /** A handle for this test alone, which ends with the turn. */
  readonly cluster: StartedRedisCluster;
  readonly #handle: ClusterHandle;
  readonly #borrowed: Borrowed<ClusterHandle>;
  readonly #lease: AsyncDisposable | undefined;
  readonly #workloads: TestWorkloads;
  readonly #context: Pick<TestContext, "task" | "signal">;
  readonly #options: TurnOptions;

  private constructor(
    borrowed: Borrowed<ClusterHandle>,
    lease: AsyncDisposable | undefined,
    context: Pick<TestContext, "task" | "signal">,
    options: TurnOptions,
  ) {
    this.#handle = borrowed.cluster.lend();
    this.cluster = this.#handle.cluster;
    this.#borrowed = borrowed;
    this.#lease = lease;
    this.#workloads = new TestWorkloads(this.cluster);
    this.#context = context;
    this.#options = options;
    // Vitest abandons the body of a test that has timed out: what it waits for ends now, before its hooks run.
    context.signal.addEventListener("abort", this.#interrupt, { once: true });
  }

  /** Waits for a cluster. A turn that does not begin leaves nothing to end. */
  static async begin(context: TurnContext, options: TurnOptions): Promise<ClusterTurn> {
    try {
      return await ClusterTurn.#take(context, options);
    } catch (error) {
      await recordEvidenceOf(error, context.task);
      throw error;
    }
  }

  static async #take(context: TurnContext, options: TurnOptions): Promise<ClusterTurn> {
    const { task, signal, annotate } = context;
    // In a beforeEach hook the hook's limit counts, which a test cannot ask for: there, Vitest's signal ends the wait.
    const inHook = task.result?.hooks?.beforeEach === "run";
    const borrower: Borrower = {
      test: task.fullTestName,
      file: task.file.filepath,
      signal,
      time: timeLeft(inHook ? undefined : task.timeout),
    };
    const borrowed = await workerClusters.borrow(options.source, options.home, borrower, options.alone);
    let lease: AsyncDisposable | undefined;
    try {
      if (borrowed.replacedBecause !== undefined) {
        await annotate(
          `The cluster could not be reset and was replaced: ${borrowed.replacedBecause}`,
          "warning",
        );
      }
      lease = options.leased ? await leaseAndReset(borrowed.cluster.cluster, borrower) : undefined;
      return new ClusterTurn(borrowed, lease, context, options);
    } catch (error) {
      await lease?.[Symbol.asyncDispose]();
      await borrowed.giveBack();
      throw error;
    }
  }

  readonly #interrupt = (): void => {
    const { fullTestName } = this.#context.task;
    void this.#handle.interrupt(
      `The test "${fullTestName}" was ended by Vitest before this call was done: it timed out, or the run was cancelled.`,
    );
  };

  /** Starts a workload that ends with the turn. */
  async startWorkload(options?: ClusterWorkloadOptions): Promise<Workload> {
    return await this.#workloads.start(options);
  }

  /**
   * Ends what the test left running, hands its failovers to the reporter, saves the evidence of a failure and gives
   * the cluster back. Whatever still holds the test's fixtures can do nothing with them afterwards.
   *
   * @throws what is wrong with a workload that the test left running.
   */
  async end(): Promise<void> {
    const { task } = this.#context;
    const failed = task.result?.state === "fail" && task.fails !== true;
    try {
      const wrong = await this.#workloads.finish(failed);
      const failovers = observedFailovers(this.cluster.history);
      if (failovers.length > 0) task.meta.redisClusterFailovers = failovers;
      if (failed || wrong !== undefined) {
        const error = wrong ?? task.result?.errors?.at(-1)?.message;
        await saveTestEvidence(this.cluster, task, error, this.#options.evidenceDir);
      }
      if (wrong !== undefined) throw wrong;
    } finally {
      await this.#leave();
    }
  }

  async #leave(): Promise<void> {
    const { task, signal } = this.#context;
    signal.removeEventListener("abort", this.#interrupt);
    try {
      await this.#handle.leave(
        `The test "${task.fullTestName}" has ended, and with it everything that its fixtures gave it. Await every ` +
          "call inside the test; a test that timed out needs a longer time limit.",
      );
    } finally {
      await this.#lease?.[Symbol.asyncDispose]();
      await this.#borrowed.giveBack();
    }
  }
}
