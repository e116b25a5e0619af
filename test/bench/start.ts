import { readFile } from "node:fs/promises";
import Table from "cli-table3";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { leftovers } from "../support/engine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import { measureFloor } from "./floor.ts";
import { measureRecipe } from "./recipe.ts";
import type { BenchOptions } from "./run.ts";
import { rotated, SHAPES, type Shape, type Timing, timed } from "./shape.ts";
import { median, percentile, rounded, spread } from "./statistics.ts";

interface HarnessTiming extends Timing {
  readonly formationMs: number;
  readonly containersMs: number;
  readonly fellBack: boolean;
}

interface Round {
  readonly floor: Timing;
  readonly recipe: Timing;
  readonly harness: HarnessTiming;
}

/** Compares starts of the bare engine, the manual recipe and this library, interleaved in one run. */
export async function benchStart({ only, rounds = 10, json }: BenchOptions): Promise<void> {
  const shapes = SHAPES.filter(({ name }) => only === undefined || name === only);
  if (shapes.length === 0) {
    throw new Error(`Unknown scenario ${only}: expected one of ${SHAPES.map(({ name }) => name).join(", ")}`);
  }
  const scenarios: ReturnType<typeof summary>[] = [];
  for (const shape of shapes) {
    const obstacle = await findHostObstacle(shape);
    if (obstacle !== undefined) {
      console.log(`${shape.name}: skipped. ${obstacle}`);
      continue;
    }
    // The first start of a process has to find the engine, and the first start of a size has cold caches.
    await measureHarness(shape);
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      measured.push(await measureRound(shape, round));
      process.stderr.write(`\r${shape.name}: round ${round + 1} of ${rounds}  `);
    }
    process.stderr.write("\r\u001b[K");
    const scenario = summary(shape, measured);
    scenarios.push(scenario);
    print(shape, measured, scenario);
  }
  await writeScenarios(json, scenarios);
  const left = await leftovers();
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
}

/** Measures one round. */
async function measureRound(shape: Shape, round: number): Promise<Round> {
  const timings: Partial<{ -readonly [Method in keyof Round]: Round[Method] }> = {};
  const methods = [
    async () => (timings.floor = await measureFloor(shape)),
    async () => (timings.recipe = await measureRecipe(shape)),
    async () => (timings.harness = await measureHarness(shape)),
  ];
  for (const measure of rotated(methods, round)) await measure();
  return timings as Round;
}

async function measureHarness({ nodes, replicas }: Shape): Promise<HarnessTiming> {
  const [cluster, startMs] = await timed(() => startRedisCluster({ nodes, replicas }));
  const [, removeMs] = await timed(() => cluster.stop());
  const { formationMs, containersMs, way } = cluster.startup;
  return { startMs, removeMs, formationMs, containersMs, fellBack: way === "meet" };
}

function summary({ name, nodes, replicas }: Shape, rounds: readonly Round[]) {
  const floor = rounds.map((round) => round.floor.startMs);
  const recipe = rounds.map((round) => round.recipe.startMs);
  const harness = rounds.map((round) => round.harness.startMs);
  const formation = rounds.map((round) => round.harness.formationMs);
  const stop = rounds.map((round) => round.harness.removeMs);
  const removal = rounds.map((round) => round.floor.removeMs);
  const range = (values: readonly number[]) => [Math.min(...values), Math.max(...values)].map(Math.round);
  return {
    name,
    nodes,
    replicas,
    rounds: rounds.length,
    floorMs: Math.round(median(floor)),
    floorRangeMs: range(floor),
    recipeMs: Math.round(median(recipe)),
    recipeRangeMs: range(recipe),
    harnessMs: Math.round(median(harness)),
    harnessRangeMs: range(harness),
    containersMs: Math.round(median(rounds.map((round) => round.harness.containersMs))),
    formationMs: Math.round(median(formation)),
    formationP95Ms: Math.round(percentile(formation, 0.95)),
    stopMs: Math.round(median(stop)),
    bareRemovalMs: Math.round(median(removal)),
    ratioToFloor: rounded(median(harness) / median(floor)),
    ratioToRecipe: rounded(median(recipe) / median(harness)),
    stopRatio: rounded(median(stop) / median(removal)),
    fellBack: rounds.filter((round) => round.harness.fellBack).length,
  };
}

function print(shape: Shape, rounds: readonly Round[], scenario: ReturnType<typeof summary>): void {
  const row = (method: keyof Round) => [
    spread(rounds.map((round) => round[method].startMs)),
    spread(rounds.map((round) => round[method].removeMs)),
  ];
  const table = new Table({
    head: [
      `${shape.name}, ${shape.nodes} nodes, ${rounds.length} rounds`,
      "start, ms: median (range)",
      "removal, ms",
    ],
    style: { head: [] },
  });
  table.push(
    ["floor: the bare Docker API", ...row("floor")],
    ["recipe: docker run, redis-cli --cluster create", ...row("recipe")],
    ["harness: startRedisCluster, verified", ...row("harness")],
  );
  console.log(table.toString());
  console.log(
    `harness ÷ floor ${scenario.ratioToFloor}   recipe ÷ harness ${scenario.ratioToRecipe}   ` +
      `stop ÷ bare removal ${scenario.stopRatio}   formation ${scenario.formationMs} ms, ` +
      `95th percentile ${scenario.formationP95Ms} ms   fallbacks ${scenario.fellBack}\n`,
  );
}

/** Returns why this host cannot run that many nodes, or undefined. All methods use the same neighbour table. */
async function findHostObstacle({ nodes }: Shape): Promise<string | undefined> {
  const setting = "net.ipv4.neigh.default.gc_thresh3";
  const limit = await readFile(`/proc/sys/${setting.replaceAll(".", "/")}`, "utf8").catch(() => undefined);
  const needed = nodes * (nodes - 1);
  if (limit === undefined || needed <= Number(limit)) return undefined;
  return `Expected ${setting} to be at least ${needed}, got ${Number(limit)}.`;
}
