import Table from "cli-table3";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { CROWDED_NODE_TIMEOUT_MS } from "../support/crowded.ts";
import { leftovers } from "../support/engine.ts";
import { mulberry32 } from "../support/random.ts";
import { type Kill, kill } from "./kill.ts";
import { Progress } from "../support/progress.ts";

// Kills processes at random moments, while the cluster of another process (the neighbour) must not be affected. After most kills
// the watcher must clean up. After some kills, which also kill the watcher, the next start must clean up.

/** About the duration of one cycle of the killed program on a small machine. The program repeats the cycle. */
const CYCLE_MS = 4_000;

/** The results of all kills. */
export interface KillsOutcome {
  readonly kills: readonly Kill[];
  readonly harmed: readonly string[];
  readonly left: readonly string[];
  readonly failures: number;
}

/** Kills the given numbers of processes at moments that depend on the seed, and prints a table of the results. */
export async function runKills(options: {
  readonly kills: number;
  readonly withWatcher: number;
  readonly seed: number;
  /** Kills of an earlier run are not repeated. */
  readonly progress?: Progress;
}): Promise<KillsOutcome> {
  const { kills, withWatcher, progress = await Progress.open(undefined) } = options;
  process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  const random = mulberry32(options.seed);
  const done: Kill[] = [];
  const harmed: string[] = [];
  {
    await using neighbour = await startRedisCluster({
      nodes: 3,
      replicas: 0,
      nodeTimeoutMs: CROWDED_NODE_TIMEOUT_MS,
    });
    const expectedCount = (await leftovers(neighbour.plan.name)).length;
    for (let round = 0; round < kills + withWatcher; round += 1) {
      process.stderr.write(`\rkill ${round + 1} of ${kills + withWatcher}  `);
      const afterMs = Math.round(random() * CYCLE_MS);
      const killsWatcher = round >= kills;
      const name = `kill ${round + 1} after ${afterMs} ms${killsWatcher ? ", with the watcher" : ""}`;
      const [result, problems] = await progress.once(name, async () => {
        const outcome = await kill(afterMs, killsWatcher);
        const { problems: neighbourProblems } = await neighbour.check();
        const count = (await leftovers(neighbour.plan.name)).length;
        return [
          outcome,
          count === expectedCount
            ? neighbourProblems
            : [`${count} of ${expectedCount} containers, networks and volumes`, ...neighbourProblems],
        ];
      });
      done.push(result);
      if (problems.length > 0) harmed.push(`after kill ${round + 1}: ${problems.join("; ")}`);
    }
    process.stderr.write("\r\u001b[K");
  }
  const left = await leftovers();
  console.log(tableOf(done).toString());
  for (const message of harmed) console.log(`the neighbour was affected ${message}`);
  if (left.length > 0) console.log(`leftovers at the end: ${left.join(", ")}`);
  // During a start or stop a process may have no resources. At any other moment, such a kill has not tested anything.
  const empty = done.filter(({ made, during }) => made === 0 && !["start", "stop"].includes(during)).length;
  if (empty > 0) console.log(`${empty} processes had no resources when they were killed`);
  const failures =
    done.filter(({ goneMs }) => goneMs === undefined).length + harmed.length + left.length + empty;
  return { kills: done, harmed, left, failures };
}

function tableOf(done: readonly Kill[]): Table.Table {
  const table = new Table({
    head: ["killed", "during", "kills", "had resources", "removed after ms (maximum)", "left"],
  });
  for (const withWatcher of [false, true]) {
    for (const during of ["start", "idle", "fault", "reset", "stop"]) {
      const group = done.filter((result) => result.withWatcher === withWatcher && result.during === during);
      if (group.length === 0) continue;
      table.push([
        withWatcher ? "with its watcher" : "alone",
        during,
        group.length,
        group.filter(({ made }) => made > 0).length,
        Math.round(Math.max(...group.map(({ goneMs }) => goneMs ?? Number.POSITIVE_INFINITY))),
        group.filter(({ goneMs }) => goneMs === undefined).length,
      ]);
    }
  }
  return table;
}
