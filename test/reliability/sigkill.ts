import { randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { leftovers } from "../support/engine.ts";
import { type Kill, kill } from "./kill.ts";

// What `./dev reliability` runs: processes are killed at random moments, beside a neighbour whose cluster must not
// notice. After most, the watcher has to clean up; after some it is killed as well, and the next start has to.

const USAGE = `usage: ./dev reliability [--kills N] [--with-watcher N] [--seed N] [--json FILE]

  --kills N         processes to kill (default 50)
  --with-watcher N  processes to kill together with their watcher (default 20)
  --seed N          the moments of an earlier run; by default new ones, whose seed is printed
  --json FILE       every kill, as JSON; by default it is printed after the table`;

/** A life of a victim takes about so long on a small machine; it then begins anew. */
const LIFE_MS = 4_000;

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    "with-watcher": { type: "string", default: "20" },
    seed: { type: "string", default: String(randomInt(2 ** 32)) },
    json: { type: "string" },
  },
});
const [kills = 0, withWatcher = 0, seed = 0] = [values.kills, values["with-watcher"], values.seed].map(
  Number,
);
if (
  ![kills, withWatcher, seed].every((each) => Number.isInteger(each) && each >= 0) ||
  kills + withWatcher === 0
) {
  console.error(USAGE);
  process.exit(2);
}
console.log(`seed ${seed}: ${kills} kills, ${withWatcher} with the watcher`);

const before = await leftovers();
if (before.length > 0) throw new Error(`there is something already: ${before.join(", ")}; run ./dev clean`);
process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
const random = mulberry32(seed);
const done: Kill[] = [];
const harmed: string[] = [];
{
  await using neighbour = await startRedisCluster({ nodes: 3, replicas: 0 });
  const whole = (await leftovers(neighbour.plan.name)).length;
  for (let round = 0; round < kills + withWatcher; round += 1) {
    process.stderr.write(`\rkill ${round + 1} of ${kills + withWatcher}  `);
    done.push(await kill(Math.round(random() * LIFE_MS), round >= kills));
    const { problems } = await neighbour.check();
    const now = (await leftovers(neighbour.plan.name)).length;
    if (problems.length > 0 || now !== whole) {
      harmed.push(`after kill ${round + 1}: ${now} of ${whole} things; ${problems.join("; ")}`);
    }
  }
  process.stderr.write("\r\u001b[K");
}
const left = await leftovers();

const table = new Table({
  head: ["killed", "during", "kills", "had made something", "gone after ms (worst)", "left"],
});
for (const also of [false, true]) {
  for (const during of ["start", "idle", "fault", "stop"]) {
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
console.log(table.toString());
for (const message of harmed) console.log(`the neighbour was harmed ${message}`);
if (left.length > 0) console.log(`left at the end: ${left.join(", ")}`);
const json = `${JSON.stringify({ seed, kills: done, harmed, left }, undefined, 2)}\n`;
if (values.json === undefined) console.log(json);
else await writeFile(values.json, json);
const failed = done.filter(({ goneMs }) => goneMs === undefined).length + harmed.length + left.length;
console.log(failed === 0 ? "nothing was left, and nobody was harmed" : `${failed} failures`);
if (failed > 0) process.exitCode = 1;

/** Numbers from 0 to below 1 that depend on the seed alone. */
function mulberry32(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
