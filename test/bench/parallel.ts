import { leftovers } from "../support/engine.ts";
import { runParallel } from "../support/parallel.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { spread } from "./statistics.ts";

const PROCESSES = 4;

/** Starts many clusters in several processes at the same time. `--rounds` is the number of clusters per process. */
export async function benchParallel({ rounds = 10, json }: BenchOptions): Promise<void> {
  const startedAt = performance.now();
  const { clusters, collisions, failures } = await runParallel(PROCESSES, rounds);
  const tookMs = Math.round(performance.now() - startedAt);
  const unhealthy = clusters.filter(({ problems }) => problems.length > 0);
  const left = await leftovers();
  console.log(
    `${PROCESSES} processes × ${rounds} clusters of three nodes, all at the same time: ${clusters.length} started, ` +
      `${collisions.length} collisions, ${failures.length} failed starts, ${unhealthy.length} unhealthy, ${left.length} leftovers`,
  );
  console.log(
    `start ${spread(clusters.map(({ startMs }) => startMs))} ms: median (range); total time ${tookMs} ms`,
  );
  for (const message of [...collisions, ...failures, ...unhealthy.flatMap(({ problems }) => problems)]) {
    console.log(`  ${message}`);
  }
  const scenario = {
    name: "parallel",
    processes: PROCESSES,
    clustersEach: rounds,
    clusters,
    collisions,
    failures,
    leftovers: left,
    tookMs,
  };
  await writeScenarios(json, [scenario]);
  if (collisions.length + failures.length + unhealthy.length + left.length > 0) process.exitCode = 1;
}
