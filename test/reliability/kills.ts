import Table from "cli-table3";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { CROWDED_NODE_TIMEOUT_MS } from "../support/crowded.ts";
import { leftovers } from "../support/engine.ts";
import { mulberry32 } from "../support/random.ts";
import { type Kill, kill } from "./kill.ts";
import { Progress } from "./progress.ts";

// Processes are killed at random moments, beside a neighbour whose cluster must not notice. After most, the watcher has
// to clean up; after some it is killed as well, and the next start has to.

/** A life of a victim takes about so long on a small machine; it then begins anew. */
const LIFE_MS = 4_000;

/** Every kill, and what was wrong. */
export interface KillsOutcome {
  readonly kills: readonly Kill[];
  readonly harmed: readonly string[];
  readonly left: readonly string[];
  readonly failures: number;
}

/** Kills so many processes, at moments that the seed decides, and prints a table of what became of their clusters. */
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
    const whole = (await leftovers(neighbour.plan.name)).length;
    for (let round = 0; round < kills + withWatcher; round += 1) {
      process.stderr.write(`\rkill ${round + 1} of ${kills + withWatcher}  `);
      const afterMs = Math.round(random() * LIFE_MS);
      const also = round >= kills;
      const name = `kill ${round + 1} after ${afterMs} ms${also ? ", with the watcher" : ""}`;
      const [killed, harm] = await progress.once(name, async () => {
        const outcome = await kill(afterMs, also);
        const { problems } = await neighbour.check();
        const now = (await leftovers(neighbour.plan.name)).length;
        return [
          outcome,
          now === whole ? problems : [`${now} of ${whole} containers and networks`, ...problems],
        ];
      });
      done.push(killed);
      if (harm.length > 0) harmed.push(`after kill ${round + 1}: ${harm.join("; ")}`);
    }
    process.stderr.write("\r\u001b[K");
  }
  const left = await leftovers();
  console.log(tableOf(done).toString());
  for (const message of harmed) console.log(`the neighbour was harmed ${message}`);
  if (left.length > 0) console.log(`left at the end: ${left.join(", ")}`);
  // While it starts or stops there may be nothing; a kill that found nothing at any other moment has shown nothing.
  const empty = done.filter(({ made, during }) => made === 0 && !["start", "stop"].includes(during)).length;
  if (empty > 0) console.log(`${empty} processes had made nothing when they were killed`);
  const failures =
    done.filter(({ goneMs }) => goneMs === undefined).length + harmed.length + left.length + empty;
  return { kills: done, harmed, left, failures };
}

function tableOf(done: readonly Kill[]): Table.Table {
  const table = new Table({
    head: ["killed", "during", "kills", "had made something", "gone after ms (worst)", "left"],
  });
  for (const also of [false, true]) {
    for (const during of ["start", "idle", "fault", "reset", "stop"]) {
      const group = done.filter((each) => each.withWatcher === also && each.during === during);
      if (group.length === 0) continue;
      table.push([
        also ? "with its watcher" : "alone",
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
