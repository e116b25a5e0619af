import { leftovers } from "../support/engine.ts";
import { runParallel } from "../support/parallel.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { spread } from "./statistics.ts";

const PROCESSES = 4;

/** Many clusters of several processes that live at the same time. `--rounds` is the number of each process's clusters. */
export async function benchParallel({ rounds = 10, json }: BenchOptions): Promise<void> {
  const begun = performance.now();
  const { clusters, collisions, failures } = await runParallel(PROCESSES, rounds);
  const tookMs = Math.round(performance.now() - begun);
  const sick = clusters.filter(({ problems }) => problems.length > 0);
  const left = await leftovers();
  console.log(
    `${PROCESSES} processes × ${rounds} clusters of three nodes, all alive at once: ${clusters.length} started, ` +
      `${collisions.length} collisions, ${failures.length} failed starts, ${sick.length} sick, ${left.length} leftovers`,
  );
  console.log(
    `start ${spread(clusters.map(({ startMs }) => startMs))} ms: median (range); all of it ${tookMs} ms`,
  );
  for (const message of [...collisions, ...failures, ...sick.flatMap(({ problems }) => problems)]) {
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
  if (collisions.length + failures.length + sick.length + left.length > 0) process.exitCode = 1;
}
