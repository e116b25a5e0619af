import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { leftovers } from "../support/engine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import { runKills } from "./kills.ts";
import { tryOptionSets } from "./option-sets.ts";
import { Progress } from "./progress.ts";
import { FAILURES, runRequests } from "./requests.ts";
import { runSchedules } from "./schedules.ts";
import { runVerdicts, verdictsTable } from "./verdicts.ts";

// What `./dev reliability` runs: what would make somebody take this library out of their build machine.

const USAGE = `usage: ./dev reliability [--only PART] [OPTION…]

  --only PART       kills, schedules, options, requests or verdicts; by default all of them
  --kills N         processes to kill (default 50)
  --with-watcher N  processes to kill together with their watcher (default 20)
  --schedules N     random schedules of faults, each ending in a reset (default 60)
  --options N       generated option sets, of which more than two thirds are wrong (default 450)
                    requests has no number: each request of a start fails once in every way
  --faults N        faults seeded into what a verdict is made of, each of which has to be reported (default 220)
  --clean N         runs with random faults and without any loss, none of which may be reported (default 200)
  --from N          number of the first scenario of the verdicts (default 0)
  --seed N          seed of an earlier run; by default a new one, which is printed
  --resume FILE     stores each finished scenario in FILE; if FILE exists, continues the run that wrote it, with its seed
  --json FILE       all results, as JSON`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    kills: { type: "string", default: "50" },
    "with-watcher": { type: "string", default: "20" },
    schedules: { type: "string", default: "60" },
    options: { type: "string", default: "450" },
    faults: { type: "string", default: "220" },
    clean: { type: "string", default: "200" },
    from: { type: "string", default: "0" },
    seed: { type: "string" },
    resume: { type: "string" },
    json: { type: "string" },
  },
});
const { only, json } = values;
const finished = await Progress.open(values.resume);
const numbers = [
  values.kills,
  values["with-watcher"],
  values.schedules,
  values.options,
  values.seed ?? (await finished.once("seed", async () => randomInt(2 ** 31))),
  values.faults,
  values.clean,
  values.from,
].map(Number);
const [kills = 0, withWatcher = 0, schedules = 0, sets = 0, seed = 0, faults = 0, clean = 0, from = 0] =
  numbers;
if (
  !numbers.every((each) => Number.isSafeInteger(each) && each >= 0) ||
  (only !== undefined && !["kills", "schedules", "options", "requests", "verdicts"].includes(only))
) {
  console.error(USAGE);
  process.exit(2);
}

const before = await leftovers();
if (before.length > 0) throw new Error(`there is something already: ${before.join(", ")}; run ./dev clean`);
if ((await finished.once("seed", async () => seed)) !== seed) {
  throw new Error(
    `${values.resume} belongs to a run with another seed: leave out --seed, or remove the file`,
  );
}
console.log(
  `seed ${seed}${finished.count > 1 ? `, ${finished.count - 1} scenarios are finished already` : ""}`,
);
const scenarios: { readonly name: string }[] = [];
let failures = 0;
if (wanted("kills")) {
  const outcome = await runKills({ kills, withWatcher, seed, progress: finished });
  scenarios.push(...outcome.kills.map((each) => ({ name: `killed during ${each.during}`, ...each })));
  const { harmed, left } = outcome;
  const neighbour = { name: "neighbour of the killed processes", harmed, left };
  scenarios.push(neighbour);
  failures += outcome.failures;
  console.log(`${kills + withWatcher} kills, ${withWatcher} with the watcher: ${outcome.failures} failures`);
}
if (wanted("schedules")) {
  let done = 0;
  const outcomes = await finished.once(`${schedules} schedules`, () =>
    runSchedules({
      count: schedules,
      seed,
      shrink: true,
      onDone: () => progress("schedule", (done += 1), schedules),
    }),
  );
  process.stderr.write("\r\u001b[K");
  scenarios.push(...outcomes.map((each, index) => ({ name: `schedule ${index + 1}`, ...each })));
  const ways = Map.groupBy(outcomes, ({ reset }) => reset.way);
  const steps = outcomes.reduce((sum, outcome) => sum + outcome.steps, 0);
  const refused = outcomes.reduce((sum, outcome) => sum + outcome.refused, 0);
  console.log(
    `${outcomes.length} schedules, ${steps} steps (${refused} not possible after the ones before): healthy and verified every time; ` +
      [...ways].map(([way, list]) => `${way} ${list.length}`).join(", "),
  );
}
if (wanted("options")) {
  let done = 0;
  const outcome = await finished.once(`${sets} option sets`, () =>
    tryOptionSets({ count: sets, seed, onDone: () => progress("option set", (done += 1), sets) }),
  );
  process.stderr.write("\r\u001b[K");
  scenarios.push({ name: "option sets", ...outcome });
  const failed = Object.entries(outcome.failed).map(([code, count]) => `${count} ${code}`);
  console.log(
    `${sets} option sets: ${outcome.refused} refused before anything was made, ${outcome.started} work, ` +
      `${failed.length === 0 ? "none" : failed.join(", ")} failed cleanly`,
  );
}
if (wanted("verdicts")) {
  const outcome = await runVerdicts({
    ...{ faults, clean, seed, from, progress: finished },
    onDone: ({ index, name, what, wrong }) => {
      progress("verdict", index + 1, faults + clean);
      if (wrong.length > 0) {
        const again = `--only verdicts --seed ${seed} --faults ${faults} --clean ${clean} --from ${index}`;
        console.log(`\r\u001b[K${name} (${what}): ${wrong.join("; ")}\n  again: ./dev reliability ${again}`);
      }
    },
  });
  process.stderr.write("\r\u001b[K");
  scenarios.push(...outcome.scenarios);
  failures += outcome.failures;
  console.log(verdictsTable(outcome.scenarios));
}
if (wanted("requests")) {
  const outcomes = await runRequests({
    failures: FAILURES,
    progress: finished,
    onDone: ({ request, failure, problem }, done, all) => {
      progress("request", done, all);
      if (problem !== undefined) console.log(`\r\u001b[K${request} ${failure}: ${problem}`);
    },
  });
  process.stderr.write("\r\u001b[K");
  scenarios.push(...outcomes);
  const wrong = outcomes.filter(({ problem }) => problem !== undefined);
  failures += wrong.length;
  const started = outcomes.filter(({ outcome }) => outcome === "started").length;
  console.log(
    `${outcomes.length} starts with one failed request: ${started} started nevertheless, ${wrong.length} left something or named no step`,
  );
}
const left = await leftovers();
if (left.length > 0) console.log(`left at the end: ${left.join(", ")}`);
await writeScenarios(json, scenarios, { seed });
failures += left.length;
console.log(failures === 0 ? "nothing was left, and nobody was harmed" : `${failures} failures`);
if (failures > 0) process.exitCode = 1;

function wanted(part: string): boolean {
  return only === undefined || only === part;
}

function progress(what: string, done: number, all: number): void {
  process.stderr.write(`\r${what} ${done} of ${all}  `);
}
