import Table from "cli-table3";
import { type ResetReport, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { docker, leftovers } from "../support/engine.ts";
import { findTraces } from "../support/pristine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { median, rounded, spread } from "./statistics.ts";

const KEY = "order:42";
const WITHIN_MS = 20_000;
const KEYS = 10_000;

/** What a test did before the reset. */
const SCENARIOS: Readonly<Record<string, (cluster: StartedRedisCluster) => Promise<unknown>>> = {
  unharmed: (cluster) => cluster.client.set(KEY, 1),
  keys: (cluster) =>
    Promise.all(Array.from({ length: KEYS }, (_, index) => cluster.client.set(`key:${index}`, index))),
  kill: (cluster) => cluster.killMaster(KEY),
  "kill-failover": (cluster) =>
    cluster.observeFailover(() => cluster.killMaster(KEY), { withinMs: WITHIN_MS }),
  failover: async (cluster) => {
    const [replica] = await cluster.replicasOf(KEY);
    await cluster.failover(replica ?? "");
  },
  partition: (cluster) =>
    cluster.observeFailover(() => cluster.isolate({ primaryOf: KEY }), { withinMs: WITHIN_MS }),
};

interface Round {
  readonly scenario: string;
  readonly report: ResetReport;
  readonly verified: boolean;
}

/** Resets after all kinds of use, beside a fresh start and the bare start of one container in the same run. */
export async function benchReset({ only, rounds = 10, json }: BenchOptions): Promise<void> {
  const names = Object.keys(SCENARIOS).filter((name) => only === undefined || name === only);
  if (names.length === 0) {
    throw new Error(`no scenario is called ${only}: they are ${Object.keys(SCENARIOS).join(", ")}`);
  }
  const measured: Round[] = [];
  const freshStartMs: number[] = [];
  const containerStartMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`\rround ${round + 1} of ${rounds}  `);
    await using cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
    freshStartMs.push(cluster.startup.totalMs);
    // The first reset of a process also loads code.
    if (round === 0) await cluster.reset();
    for (const scenario of names) {
      await SCENARIOS[scenario]?.(cluster);
      const report = await cluster.reset();
      measured.push({ scenario, report, verified: (await findTraces(cluster)).length === 0 });
    }
    containerStartMs.push(await bareStart(cluster));
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

/** How long the Docker API alone needs to start one of the dead containers. */
async function bareStart(cluster: StartedRedisCluster): Promise<number> {
  await cluster.killMaster(KEY);
  const dead = (await docker()).getContainer(cluster.nodes[1]?.containerId ?? "");
  const begun = performance.now();
  await dead.start();
  return performance.now() - begun;
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
      `   beyond that, after a kill: ${beyond(scenarios, containerStartMs)}`,
  );
}

function beyond(
  scenarios: readonly ReturnType<typeof summary>[],
  containerStartMs: readonly number[],
): string {
  const kill = scenarios.find(({ name }) => name === "kill");
  return kill === undefined ? "not measured" : `${Math.round(kill.resetMs - median(containerStartMs))} ms`;
}
