import Table from "cli-table3";
import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { mulberry32 } from "../support/random.ts";
import { Progress } from "../support/progress.ts";
import { CLEAN_RUNS } from "./verdicts/clean-runs.ts";
import { LEFT_MEANWHILE } from "./verdicts/left-meanwhile.ts";
import { LEFT_STATE } from "./verdicts/left-state.ts";
import { OUTAGES } from "./verdicts/outages.ts";
import type { ScenarioKind } from "./verdicts/scenario.ts";
import { SHIFTED_PHASES } from "./verdicts/shifted-phases.ts";
import { TAMPERING } from "./verdicts/tampering.ts";

// Checks the verdicts of ledgers, failovers and resets. Faults are seeded into the data that a verdict uses, and each must be
// reported. Runs without losses must not report any. To add a kind of fault, add it to one of the lists of `ScenarioKind`s.

const FAULTS: readonly ScenarioKind[] = [
  ...TAMPERING,
  ...OUTAGES,
  ...LEFT_STATE,
  ...LEFT_MEANWHILE,
  ...SHIFTED_PHASES,
];

/** The number of attempts if a scenario does not create the situation that it needs. */
const MAX_ATTEMPTS = 5;

/** One scenario and its result. */
export interface Scenario {
  /** The index of the scenario, which `--from` accepts. */
  readonly index: number;
  readonly sort: "fault" | "clean";
  readonly name: string;
  readonly what: string;
  /** What is wrong with the verdict. Empty if it is correct. */
  readonly wrong: readonly string[];
  readonly tookMs: number;
}

/** The results of all scenarios, and the number of wrong verdicts. */
export interface VerdictsOutcome {
  readonly scenarios: readonly Scenario[];
  readonly failures: number;
}

/**
 * Runs the given numbers of seeded faults and of clean runs on one cluster, which is reset after each scenario. Random choices
 * depend only on the seed and the index of the scenario.
 */
export async function runVerdicts(options: {
  readonly faults: number;
  readonly clean: number;
  readonly seed: number;
  /** The index of the first scenario to run. */
  readonly from?: number;
  /** Scenarios of an earlier run are not repeated. */
  readonly progress?: Progress;
  readonly onDone?: (scenario: Scenario) => void;
}): Promise<VerdictsOutcome> {
  const { faults, clean, seed, from = 0, progress = await Progress.open(undefined) } = options;
  const all = [
    ...distribute(FAULTS, faults).map((kind) => ({ sort: "fault" as const, kind })),
    ...distribute(CLEAN_RUNS, clean).map((kind) => ({ sort: "clean" as const, kind })),
  ];
  const scenarios: Scenario[] = [];
  let cluster: StartedRedisCluster | undefined;
  const run = async (index: number, sort: Scenario["sort"], kind: ScenarioKind): Promise<Scenario> => {
    const startedAt = performance.now();
    let what = "";
    let wrong: readonly string[] = [];
    try {
      cluster ??= await startRedisCluster({ nodeTimeoutMs: 500 });
      ({ what, wrong } = await runKind(cluster, kind, seed, index));
      await cluster.reset();
    } catch (error) {
      wrong = [...wrong, `the scenario failed: ${String(error)}`];
      await cluster?.stop();
      cluster = undefined;
    }
    const tookMs = Math.round(performance.now() - startedAt);
    return { index, sort, name: kind.name, what, wrong, tookMs };
  };
  try {
    for (const [index, { sort, kind }] of all.entries()) {
      if (index < from) continue;
      const scenario = await progress.once(`verdict ${index} of ${faults} + ${clean}: ${kind.name}`, () =>
        run(index, sort, kind),
      );
      scenarios.push(scenario);
      options.onDone?.(scenario);
    }
  } finally {
    await cluster?.stop();
  }
  return { scenarios, failures: scenarios.filter(({ wrong }) => wrong.length > 0).length };
}

async function runKind(
  cluster: StartedRedisCluster,
  kind: ScenarioKind,
  seed: number,
  index: number,
): Promise<{ readonly what: string; readonly wrong: readonly string[] }> {
  const random = mulberry32(seed + Math.imul(index + 1, 0x9e3779b1));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const outcome = await kind.run({ cluster, random });
    if (outcome !== undefined) return outcome;
    await cluster.reset();
  }
  throw new Error(`The situation did not occur in ${MAX_ATTEMPTS} attempts`);
}

/** Returns the given number of scenarios. The kinds alternate, and the number of each kind is proportional to its weight. */
function distribute(kinds: readonly ScenarioKind[], count: number): readonly ScenarioKind[] {
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const shares = kinds.map((kind) => ({ kind, owed: 0 }));
  return Array.from({ length: count }, () => {
    for (const share of shares) share.owed += share.kind.weight / total;
    const next = shares.reduce((best, share) => (share.owed > best.owed ? share : best));
    next.owed -= 1;
    return next.kind;
  });
}

/** Returns two tables: the seeded and reported faults by kind, and the false alarms. */
export function verdictsTable(scenarios: readonly Scenario[]): string {
  const faults = new Table({ head: ["seeded fault", "reported / seeded"] });
  const clean = new Table({ head: ["run without a loss", "false alarms / runs"] });
  for (const [table, sort] of [
    [faults, "fault"],
    [clean, "clean"],
  ] as const) {
    const group = scenarios.filter((scenario) => scenario.sort === sort);
    const countCorrect = (some: readonly Scenario[]): number =>
      some.filter(({ wrong }) => wrong.length === 0).length;
    const row = (name: string, some: readonly Scenario[]): string[] => {
      const first = sort === "fault" ? countCorrect(some) : some.length - countCorrect(some);
      return [name, `${first} / ${some.length}`];
    };
    for (const [name, some] of Map.groupBy(group, (scenario) => scenario.name)) table.push(row(name, some));
    table.push(row("all", group));
  }
  return `${faults.toString()}\n${clean.toString()}`;
}
