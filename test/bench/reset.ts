import Table from "cli-table3";
import { type ResetReport, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { docker, leftovers } from "../support/engine.ts";
import { findTraces } from "../support/pristine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { median, rounded, spread } from "./statistics.ts";

const KEY = "order:42";
const OBSERVATION_TIMEOUT_MS = 20_000;
const KEYS = 10_000;

/** The use of the cluster before the reset, by scenario. */
const SCENARIOS: Readonly<Record<string, (cluster: StartedRedisCluster) => Promise<unknown>>> = {
  unharmed: (cluster) => cluster.client.set(KEY, 1),
  keys: (cluster) =>
    Promise.all(Array.from({ length: KEYS }, (_, index) => cluster.client.set(`key:${index}`, index))),
  kill: (cluster) => cluster.killMaster(KEY),
  "kill-failover": (cluster) =>
    cluster.observeFailover(() => cluster.killMaster(KEY), { withinMs: OBSERVATION_TIMEOUT_MS }),
  failover: async (cluster) => {
    const [replica] = await cluster.replicasOf(KEY);
    await cluster.failover(replica ?? "");
  },
  partition: (cluster) =>
    cluster.observeFailover(() => cluster.isolate({ primaryOf: KEY }), { withinMs: OBSERVATION_TIMEOUT_MS }),
};

interface Round {
  readonly scenario: string;
  readonly report: ResetReport;
  readonly verified: boolean;
}

/** Measures resets after several kinds of use, and compares them with a new start and the bare start of one container. */
export async function benchReset({ only, rounds = 10, json }: BenchOptions): Promise<void> {
  const names = Object.keys(SCENARIOS).filter((name) => only === undefined || name === only);
  if (names.length === 0) {
    throw new Error(`Unknown scenario ${only}: expected one of ${Object.keys(SCENARIOS).join(", ")}`);
  }
  const measured: Round[] = [];
  const freshStartMs: number[] = [];
  const containerStartMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`\rround ${round + 1} of ${rounds}  `);
    await using cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
    freshStartMs.push(cluster.startup.totalMs);
    // The first reset of a process takes longer, because it loads code.
    if (round === 0) await cluster.reset();
    for (const scenario of names) {
      await SCENARIOS[scenario]?.(cluster);
      const report = await cluster.reset();
      measured.push({ scenario, report, verified: (await findTraces(cluster)).length === 0 });
    }
    containerStartMs.push(await measureBareStart(cluster));
  }
  process.stderr.write("\r\u001b[K");
  const scenarios = names.map((name) =>
    summary(
      name,
      measured.filter(({ scenario }) => scenario === name),
      freshStartMs,
    ),
  );
  print(measured, scenarios, freshStartMs, containerStartMs);
  await writeScenarios(json, scenarios, { containerStartMs: Math.round(median(containerStartMs)) });
  if (!measured.every(({ verified }) => verified)) process.exitCode = 1;
  const left = await leftovers();
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
}

/** Returns the time that the Docker API alone needs to start one of the stopped containers. */
async function measureBareStart(cluster: StartedRedisCluster): Promise<number> {
  await cluster.killMaster(KEY);
  const container = (await docker()).getContainer(cluster.nodes[1]?.containerId ?? "");
  const startedAt = performance.now();
  await container.start();
  return performance.now() - startedAt;
}

function summary(name: string, rounds: readonly Round[], freshStartMs: readonly number[]) {
  const resetMs = median(rounds.map(({ report }) => report.tookMs));
  const fresh = median(freshStartMs);
  return {
    name,
    rounds: rounds.length,
    resetMs: rounded(resetMs, 1),
    freshStartMs: Math.round(fresh),
    ratio: rounded(resetMs / fresh, 3),
    verified: rounds.filter(({ verified }) => verified).length,
    rebuilt: rounds.filter(({ report }) => report.way === "rebuilt").length,
  };
}

function print(
  measured: readonly Round[],
  scenarios: readonly ReturnType<typeof summary>[],
  freshStartMs: readonly number[],
  containerStartMs: readonly number[],
): void {
  const table = new Table({
    head: ["reset after", "ms: median (range)", "÷ fresh start", "ways", "verified"],
    style: { head: [] },
  });
  for (const { name, ratio, verified, rounds } of scenarios) {
    const own = measured.filter(({ scenario }) => scenario === name);
    const ways = [...Map.groupBy(own, ({ report }) => report.way)].map(
      ([way, list]) => `${way} ${list.length}`,
    );
    table.push([
      name,
      spread(own.map(({ report }) => report.tookMs)),
      ratio,
      ways.join(", "),
      `${verified} of ${rounds}`,
    ]);
  }
  console.log(table.toString());
  console.log(
    `fresh start ${spread(freshStartMs)} ms   bare start of one container ${spread(containerStartMs)} ms` +
      `   reset after a kill minus bare start: ${differenceAfterKill(scenarios, containerStartMs)}`,
  );
}

function differenceAfterKill(
  scenarios: readonly ReturnType<typeof summary>[],
  containerStartMs: readonly number[],
): string {
  const kill = scenarios.find(({ name }) => name === "kill");
  return kill === undefined ? "not measured" : `${Math.round(kill.resetMs - median(containerStartMs))} ms`;
}
