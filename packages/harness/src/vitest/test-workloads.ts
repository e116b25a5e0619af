import { AssertionError } from "node:assert";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import type { ClusterWorkloadOptions } from "../workload/cluster-workloads.ts";
import type { Ledger } from "../workload/ledger.ts";
import type { Workload } from "../workload/workload.ts";

/** A failed test is not held up for long by a cluster that may not come back. */
const FAILED_TEST_STOP_MS = 5_000;

/** The workloads that one test started through its fixture. */
export class TestWorkloads {
  readonly #cluster: Pick<StartedRedisCluster, "startWorkload">;
  readonly #started: Workload[] = [];

  constructor(cluster: Pick<StartedRedisCluster, "startWorkload">) {
    this.#cluster = cluster;
  }

  /** Starts one. */
  async start(options: ClusterWorkloadOptions = {}): Promise<Workload> {
    const workload = await this.#cluster.startWorkload(options);
    this.#started.push(workload);
    return workload;
  }

  /**
   * Stops what the test left running and judges it. One that the test stopped has given it its ledger.
   *
   * @param failed whether the test has failed already: then nothing is judged, and the end may not take long.
   * @returns what is wrong, or undefined.
   */
  async finish(failed: boolean): Promise<unknown> {
    const running = this.#started.filter(({ stopped }) => !stopped);
    const ends = await Promise.allSettled(
      running.map((workload) => workload.stop(failed ? { timeoutMs: FAILED_TEST_STOP_MS } : {})),
    );
    await Promise.all(running.map((workload) => workload[Symbol.asyncDispose]()));
    if (failed) return undefined;
    const broken = ends.find((end) => end.status === "rejected");
    if (broken !== undefined) return broken.reason;
    const wrongs = ends.flatMap((end) => (end.status === "fulfilled" ? (whatIsWrong(end.value) ?? []) : []));
    return wrongs.length === 0 ? undefined : new AssertionError({ message: wrongs.join("\n") });
  }
}

/** What a ledger holds against a cluster; undefined where every acknowledged write is there, once. */
export function whatIsWrong(
  ledger: Pick<Ledger, "acknowledged" | "lost" | "duplicated" | "stale" | "seed">,
): string | undefined {
  const { acknowledged, lost, duplicated, stale, seed } = ledger;
  const parts = [
    ...(acknowledged === 0 ? ["no write was acknowledged at all"] : []),
    ...(lost.length > 0 ? [`${lost.length} of ${acknowledged} acknowledged writes are lost`] : []),
    ...(duplicated.length > 0 ? [`${duplicated.length} were applied more than once`] : []),
    ...(stale.length > 0 ? [`${stale.length} values went back`] : []),
  ];
  if (parts.length === 0) return undefined;
  return (
    `The workload (seed ${seed}) that the test left running: ${parts.join(", ")}. ` +
    "A test that expects this stops its workload and looks at the ledger itself."
  );
}
