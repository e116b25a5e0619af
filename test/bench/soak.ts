import { startRedisCluster } from "testcontainers-redis-cluster";
import { leftovers } from "../support/engine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { timed } from "./shape.ts";
import { percentile, rounded, slope, spread } from "./statistics.ts";

/** The first rounds load code and fill caches; memory is looked at after them. */
const WARM_UP = 10;
/** What a cycle may keep for good. A cluster that is not let go of is some MiB: its plan, its files, its clients' buffers. */
const MOST_KIB_A_CYCLE = 100;

/** Many starts in a row. Ends with an error where one failed or left something behind. */
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
    if (round >= WARM_UP) {
      // Run with --expose-gc: what is not needed any more is no leak.
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
    `${rounds} starts of six nodes: ${failures.length} failures, ${left.length} leftovers, ${fellBack.length} fell back`,
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
    `memory after ${heapKiB.length} more cycles: ${memory.heapKiB} KiB in use; slope ${memory.heapKiBPerCycle} KiB a cycle ` +
      `in use, ${memory.rssKiBPerCycle} KiB a cycle resident`,
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
  const leaks = memory.heapKiBPerCycle > MOST_KIB_A_CYCLE;
  if (leaks) console.log(`memory grows by more than ${MOST_KIB_A_CYCLE} KiB a cycle`);
  if (failures.length + left.length > 0 || leaks) process.exitCode = 1;
}
