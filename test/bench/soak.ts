import { startRedisCluster } from "testcontainers-redis-cluster";
import { leftovers } from "../support/engine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { timed } from "./shape.ts";
import { percentile, rounded, slope, spread } from "./statistics.ts";

/** The number of rounds before memory is measured, because the first rounds load code and fill caches. */
const WARM_UP_ROUNDS = 10;
/** The most memory that a cycle may keep. A leaked cluster takes some MiB for its plan, its files and the buffers of its clients. */
const MAX_KIB_PER_CYCLE = 100;

/** Starts many clusters in sequence. Sets the exit code 1 if a start failed, something was left behind, or memory leaks. */
export async function benchSoak({ rounds = 200, json }: BenchOptions): Promise<void> {
  const startMs: number[] = [];
  const formationMs: number[] = [];
  const stopMs: number[] = [];
  const failures: string[] = [];
  const fellBack: string[] = [];
  const heapKiB: number[] = [];
  const rssKiB: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`\rsoak: start ${round + 1} of ${rounds}  `);
    try {
      const [cluster, start] = await timed(() => startRedisCluster());
      startMs.push(start);
      formationMs.push(cluster.startup.formationMs);
      if (cluster.startup.fellBackBecause !== undefined) fellBack.push(cluster.startup.fellBackBecause);
      stopMs.push((await timed(() => cluster.stop()))[1]);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
    if (round >= WARM_UP_ROUNDS) {
      // Collects garbage first (with --expose-gc), because memory that can be collected is not a leak.
      globalThis.gc?.();
      const { heapUsed, external, rss } = process.memoryUsage();
      heapKiB.push((heapUsed + external) / 1024);
      rssKiB.push(rss / 1024);
    }
  }
  process.stderr.write("\r\u001b[K");
  const left = await leftovers();
  const formationP95Ms = Math.round(percentile(formationMs, 0.95));
  console.log(
    `${rounds} starts of six nodes: ${failures.length} failures, ${left.length} leftovers, ${fellBack.length} fallbacks`,
  );
  console.log(
    `start ${spread(startMs)} ms   formation ${spread(formationMs)} ms, 95th percentile ${formationP95Ms} ms   ` +
      `stop ${spread(stopMs)} ms: median (range)`,
  );
  const memory = {
    heapKiBPerCycle: rounded(slope(heapKiB)),
    rssKiBPerCycle: rounded(slope(rssKiB)),
    heapKiB: rounded(heapKiB.at(-1) ?? Number.NaN, 0),
  };
  console.log(
    `memory after ${heapKiB.length} more cycles: ${memory.heapKiB} KiB in use; slope ${memory.heapKiBPerCycle} KiB per cycle ` +
      `in use, ${memory.rssKiBPerCycle} KiB per cycle resident`,
  );
  for (const message of [...failures, ...fellBack]) console.log(`  ${message}`);
  const scenario = {
    name: "soak",
    rounds,
    failures,
    leftovers: left,
    fellBack,
    startMs,
    formationMs,
    formationP95Ms,
    stopMs,
    memory,
  };
  await writeScenarios(json, [scenario]);
  const isLeaking = memory.heapKiBPerCycle > MAX_KIB_PER_CYCLE;
  if (isLeaking) console.log(`memory grows by more than ${MAX_KIB_PER_CYCLE} KiB per cycle`);
  if (failures.length + left.length > 0 || isLeaking) process.exitCode = 1;
}
