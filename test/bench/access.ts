import Table from "cli-table3";
import { Cluster } from "ioredis";
import { type AccessPath, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { writeScenarios } from "../support/write-scenarios.ts";
import { measureFloor } from "./floor.ts";
import type { BenchOptions } from "./run.ts";
import { rotated, SHAPES, type Shape, timed } from "./shape.ts";
import { median, percentile, rounded, spread } from "./statistics.ts";

const PATHS: readonly AccessPath[] = ["published", "direct"];
const WRITER_COUNTS: readonly number[] = [1, 8, 64];
const KEYS = 1_024;
const VALUE = "x".repeat(64);
const WARM_UP_MS = 500;
const ROUND_MS = 2_000;

/** What one round of one path achieved. */
interface Round {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Compares both ways to reach the nodes: the operations per second and the latency of a plain ioredis client, on two clusters in
 * turns, and the start, compared with the bare Docker API, which publishes ports.
 */
export async function benchAccess({ rounds = 5, json }: BenchOptions): Promise<void> {
  const scenarios = [...(await compareOperations(rounds)), await compareStarts(rounds)];
  await writeScenarios(json, scenarios);
}

async function compareOperations(rounds: number) {
  await using published = await startRedisCluster({ access: "published" });
  await using direct = await startRedisCluster({ access: "direct" });
  const clusters = { published, direct };
  const table = new Table({
    head: ["writers", "path", "operations/s: median (range)", "p50, ms", "p99, ms", "÷ published"],
    style: { head: [] },
  });
  const scenarios = [];
  for (const writers of WRITER_COUNTS) {
    const measured: Record<AccessPath, Round[]> = { published: [], direct: [] };
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`\raccess: ${writers} writers, round ${round + 1} of ${rounds}  `);
      // The order alternates, so that other load on the machine affects both.
      for (const path of round % 2 === 0 ? PATHS : PATHS.toReversed())
        measured[path].push(await runWriters(clusters[path], writers));
    }
    process.stderr.write("\r\u001b[K");
    const ratio = rounded(
      median(measured.direct.map((each, index) => each.perSecond / measured.published[index]!.perSecond)),
    );
    const scenario = {
      name: `${writers} writers`,
      writers,
      rounds,
      ratio,
      published: summarize(measured.published),
      direct: summarize(measured.direct),
    };
    scenarios.push(scenario);
    for (const path of PATHS) {
      const { p50Ms, p99Ms } = scenario[path];
      const all = spread(measured[path].map(({ perSecond }) => perSecond));
      table.push([writers, path, all, p50Ms, p99Ms, path === "direct" ? ratio : ""]);
    }
  }
  console.log(table.toString());
  return scenarios;
}

function summarize(rounds: readonly Round[]) {
  return {
    perSecond: Math.round(median(rounds.map(({ perSecond }) => perSecond))),
    p50Ms: rounded(median(rounds.map(({ p50Ms }) => p50Ms)), 3),
    p99Ms: rounded(median(rounds.map(({ p99Ms }) => p99Ms)), 3),
  };
}

/** Writes with several writers through one plain ioredis client, each of which waits for the reply before its next command. */
async function runWriters(cluster: StartedRedisCluster, writers: number): Promise<Round> {
  const { startupNodes, options } = cluster.clientOptions();
  const client = new Cluster(startupNodes, options);
  try {
    await write(client, writers, WARM_UP_MS);
    const latencies = await write(client, writers, ROUND_MS);
    return {
      perSecond: latencies.length / (ROUND_MS / 1_000),
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
    };
  } finally {
    client.disconnect();
  }
}

async function write(client: Cluster, writers: number, durationMs: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  const endsAt = performance.now() + durationMs;
  const writer = async (index: number): Promise<void> => {
    for (let turn = index; performance.now() < endsAt; turn += writers) {
      const startedAt = performance.now();
      await client.set(`order:${turn % KEYS}`, VALUE);
      latencies.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, index) => writer(index)));
  return latencies;
}

async function compareStarts(rounds: number) {
  const shape = SHAPES.find(({ name }) => name === "3x1") as Shape;
  const methods = {
    floor: async () => (await measureFloor(shape)).startMs,
    published: () => measureStart(shape, "published"),
    direct: () => measureStart(shape, "direct"),
  };
  type Method = keyof typeof methods;
  const names = Object.keys(methods) as Method[];
  const times: Record<Method, number[]> = { floor: [], published: [], direct: [] };
  await methods.direct();
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`\raccess: start, round ${round + 1} of ${rounds}  `);
    for (const name of rotated(names, round)) times[name].push(await methods[name]());
  }
  process.stderr.write("\r\u001b[K");
  const floorMs = median(times.floor);
  const ratioTo = (name: Method) => rounded(median(times[name]) / floorMs);
  const table = new Table({
    head: ["start of 3x1", "ms: median (range)", "÷ bare API"],
    style: { head: [] },
  });
  for (const name of names)
    table.push([
      name === "floor" ? "bare Docker API, published ports" : name,
      spread(times[name]),
      ratioTo(name),
    ]);
  console.log(table.toString());
  return {
    name: "start 3x1",
    rounds,
    floorMs: Math.round(floorMs),
    publishedMs: Math.round(median(times.published)),
    directMs: Math.round(median(times.direct)),
    publishedRatio: ratioTo("published"),
    directRatio: ratioTo("direct"),
  };
}

async function measureStart({ nodes, replicas }: Shape, access: AccessPath): Promise<number> {
  const [cluster, startMs] = await timed(() => startRedisCluster({ nodes, replicas, access }));
  await cluster.stop();
  return startMs;
}
