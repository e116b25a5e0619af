import Table from "cli-table3";
import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { mulberry32 } from "../support/random.ts";
import { Progress } from "./progress.ts";
import { CLEAN_RUNS } from "./verdicts/clean-runs.ts";
import { LEFT_MEANWHILE } from "./verdicts/left-meanwhile.ts";
import { LEFT_STATE } from "./verdicts/left-state.ts";
import { OUTAGES } from "./verdicts/outages.ts";
import type { ScenarioKind } from "./verdicts/scenario.ts";
import { SHIFTED_PHASES } from "./verdicts/shifted-phases.ts";
import { TAMPERING } from "./verdicts/tampering.ts";

// Are the verdicts right? Faults are seeded into what a verdict is made of, and each has to be reported; runs without any
// loss must report none. A further kind of fault is an entry in one of the lists of `ScenarioKind`s.

const FAULTS: readonly ScenarioKind[] = [
  ...TAMPERING,
  ...OUTAGES,
  ...LEFT_STATE,
  ...LEFT_MEANWHILE,
  ...SHIFTED_PHASES,
];

/** So often a scenario is tried in which what it wanted to do did not come about. */
const TRIES = 5;

/** One scenario and what became of it. */
export interface Scenario {
  /** Its number: `--from` begins with it. */
  readonly index: number;
  readonly sort: "fault" | "clean";
  readonly name: string;
  readonly what: string;
  /** Empty if the verdict was right. */
  readonly wrong: readonly string[];
  readonly tookMs: number;
}

/** All scenarios, and how many verdicts were wrong. */
export interface VerdictsOutcome {
  readonly scenarios: readonly Scenario[];
  readonly failures: number;
}

/**
 * Runs the given number of seeded faults and of clean runs on one cluster, which is reset after each. Everything that
 * chance decides depends on the seed and the scenario's number alone.
 */
export async function runVerdicts(options: {
  readonly faults: number;
  readonly clean: number;
  readonly seed: number;
  /** The first scenario to run. */
  readonly from?: number;
  /** Scenarios of an earlier run are not repeated. */
  readonly progress?: Progress;
  readonly onDone?: (scenario: Scenario) => void;
}): Promise<VerdictsOutcome> {
  const { faults, clean, seed, from = 0, progress = await Progress.open(undefined) } = options;
  const all = [
    ...spread(FAULTS, faults).map((kind) => ({ sort: "fault" as const, kind })),
    ...spread(CLEAN_RUNS, clean).map((kind) => ({ sort: "clean" as const, kind })),
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
      wrong = [...wrong, `could not be run: ${String(error)}`];
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
  for (let tries = 0; tries < TRIES; tries += 1) {
    const outcome = await kind.run({ cluster, random });
    if (outcome !== undefined) return outcome;
    await cluster.reset();
  }
  throw new Error(`it did not come about in ${TRIES} tries`);
}

/** The given number of scenarios, of each kind as many as its weight asks for, in turns. */
function spread(kinds: readonly ScenarioKind[], count: number): readonly ScenarioKind[] {
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const due = kinds.map((kind) => ({ kind, owed: 0 }));
  return Array.from({ length: count }, () => {
    for (const each of due) each.owed += each.kind.weight / total;
    const next = due.reduce((best, each) => (each.owed > best.owed ? each : best));
    next.owed -= 1;
    return next.kind;
  });
}

/** What was seeded and what was reported, by kind; and the false alarms. */
export function verdictsTable(scenarios: readonly Scenario[]): string {
  const faults = new Table({ head: ["seeded fault", "reported / seeded"] });
  const clean = new Table({ head: ["run without a loss", "false alarms / runs"] });
  for (const [table, sort] of [
    [faults, "fault"],
    [clean, "clean"],
  ] as const) {
    const group = scenarios.filter((each) => each.sort === sort);
    const right = (some: readonly Scenario[]): number =>
      some.filter(({ wrong }) => wrong.length === 0).length;
    const row = (name: string, some: readonly Scenario[]): string[] => {
      const first = sort === "fault" ? right(some) : some.length - right(some);
      return [name, `${first} / ${some.length}`];
    };
    for (const [name, some] of Map.groupBy(group, (each) => each.name)) table.push(row(name, some));
    table.push(row("all", group));
  }
  return `${faults.toString()}\n${clean.toString()}`;
}
