import { AssertionError } from "node:assert";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import type { ClusterWorkloadOptions } from "../workload/cluster-workloads.ts";
import type { Ledger } from "../workload/ledger.ts";
import type { Workload } from "../workload/workload.ts";

/** Short, because the cluster of a failed test may not recover. */
const FAILED_TEST_STOP_TIMEOUT_MS = 5_000;

/** The workloads that one test started with its fixture. */
export class TestWorkloads {
  readonly #cluster: Pick<StartedRedisCluster, "startWorkload">;
  readonly #workloads: Workload[] = [];

  constructor(cluster: Pick<StartedRedisCluster, "startWorkload">) {
    this.#cluster = cluster;
  }

  /** Starts a workload. */
  async start(options: ClusterWorkloadOptions = {}): Promise<Workload> {
    const workload = await this.#cluster.startWorkload(options);
    this.#workloads.push(workload);
    return workload;
  }

  /**
   * Stops the workloads that are still running, and checks their ledgers. The ledger of a workload that the test itself stopped
   * is not checked, because the test has it.
   *
   * @param hasFailed whether the test has already failed. Then no ledger is checked, and the workloads have only 5 s to stop.
   * @returns the error with which the test must fail; undefined if there is none.
   */
  async finish(hasFailed: boolean): Promise<unknown> {
    const running = this.#workloads.filter(({ stopped }) => !stopped);
    const results = await Promise.allSettled(
      running.map((workload) => workload.stop(hasFailed ? { timeoutMs: FAILED_TEST_STOP_TIMEOUT_MS } : {})),
    );
    await Promise.all(running.map((workload) => workload[Symbol.asyncDispose]()));
    if (hasFailed) return undefined;
    const rejected = results.find((result) => result.status === "rejected");
    if (rejected !== undefined) return rejected.reason;
    const problems = results.flatMap((result) =>
      result.status === "fulfilled" ? (describeProblems(result.value) ?? []) : [],
    );
    return problems.length === 0 ? undefined : new AssertionError({ message: problems.join("\n") });
  }
}

/** Describes the problems that a ledger shows; undefined if every acknowledged write was found exactly once, and there is one. */
export function describeProblems(
  ledger: Pick<Ledger, "acknowledged" | "lost" | "duplicated" | "stale" | "seed">,
): string | undefined {
  const { acknowledged, lost, duplicated, stale, seed } = ledger;
  const problems = [
    ...(acknowledged === 0 ? ["no write was acknowledged"] : []),
    ...(lost.length > 0 ? [`${lost.length} of ${acknowledged} acknowledged writes were lost`] : []),
    ...(duplicated.length > 0 ? [`${duplicated.length} writes were applied more than once`] : []),
    ...(stale.length > 0 ? [`${stale.length} values were stale`] : []),
  ];
  if (problems.length === 0) return undefined;
  return (
    `A workload (seed ${seed}) that the test did not stop has problems: ${problems.join(", ")}. ` +
    "If the test expects this, stop the workload in the test and check its ledger there."
  );
}
