import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { leftovers } from "../support/engine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import { runKills } from "./kills.ts";
import { tryOptionSets } from "./option-sets.ts";
import { Progress } from "../support/progress.ts";
import { FAILURES, runRequests } from "./requests.ts";
import { runSchedules } from "./schedules.ts";
import { runVerdicts, verdictsTable } from "./verdicts.ts";

// The program of `./dev reliability`. It searches for failures that would make this library unusable on build machines.

const USAGE = `usage: ./dev reliability [--only PART] [OPTION…]

  --only PART       runs one part: kills, schedules, options, requests or verdicts (default: all parts)
  --kills N         number of processes to kill (default 50)
  --with-watcher N  number of processes to kill together with their watcher (default 20)
  --schedules N     number of random fault schedules, each of which ends with a reset (default 60)
  --options N       number of generated option sets, more than two thirds of which are invalid (default 450)
  --faults N        number of seeded faults, each of which a verdict must report (default 220)
  --clean N         number of runs with random faults but without losses, none of which may be reported (default 200)
  --from N          index of the first scenario of the verdicts (default 0)
  --seed N          seed of an earlier run (default: a new seed, which is printed)
  --resume FILE     stores each finished scenario in FILE, and continues with its seed if FILE exists
  --json FILE       writes all results as JSON

The part "requests" has no number: every request of a start fails once in every way.`;

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
const stored = await Progress.open(values.resume);
const numbers = [
  values.kills,
  values["with-watcher"],
  values.schedules,
  values.options,
  values.seed ?? (await stored.once("seed", async () => randomInt(2 ** 31))),
  values.faults,
  values.clean,
  values.from,
].map(Number);
const [kills = 0, withWatcher = 0, schedules = 0, optionSets = 0, seed = 0, faults = 0, clean = 0, from = 0] =
  numbers;
if (
  !numbers.every((number) => Number.isSafeInteger(number) && number >= 0) ||
  (only !== undefined && !["kills", "schedules", "options", "requests", "verdicts"].includes(only))
) {
  console.error(USAGE);
  process.exit(2);
}

const before = await leftovers();
if (before.length > 0)
  throw new Error(
    `Expected no containers, networks or volumes of clusters, got ${before.join(", ")}. Run ./dev clean.`,
  );
if ((await stored.once("seed", async () => seed)) !== seed) {
  throw new Error(`${values.resume} belongs to a run with another seed. Omit --seed, or remove the file.`);
}
console.log(`seed ${seed}${stored.count > 1 ? `, ${stored.count - 1} scenarios are already finished` : ""}`);
const scenarios: { readonly name: string }[] = [];
let failures = 0;
if (isRequested("kills")) {
  const outcome = await runKills({ kills, withWatcher, seed, progress: stored });
  scenarios.push(...outcome.kills.map((kill) => ({ name: `killed during ${kill.during}`, ...kill })));
  const { harmed, left } = outcome;
  const neighbour = { name: "neighbour of the killed processes", harmed, left };
  scenarios.push(neighbour);
  failures += outcome.failures;
  console.log(`${kills + withWatcher} kills, ${withWatcher} with the watcher: ${outcome.failures} failures`);
}
if (isRequested("schedules")) {
  let done = 0;
  const outcomes = await stored.once(`${schedules} schedules`, () =>
    runSchedules({
      count: schedules,
      seed,
      shrink: true,
      onDone: () => showProgress("schedule", (done += 1), schedules),
    }),
  );
  process.stderr.write("\r\u001b[K");
  scenarios.push(...outcomes.map((schedule, index) => ({ name: `schedule ${index + 1}`, ...schedule })));
  const ways = Map.groupBy(outcomes, ({ reset }) => reset.way);
  const steps = outcomes.reduce((sum, outcome) => sum + outcome.steps, 0);
  const refused = outcomes.reduce((sum, outcome) => sum + outcome.refused, 0);
  console.log(
    `${outcomes.length} schedules, ${steps} steps (${refused} impossible after earlier steps), healthy and verified after every reset: ` +
      [...ways].map(([way, list]) => `${way} ${list.length}`).join(", "),
  );
}
if (isRequested("options")) {
  let done = 0;
  const outcome = await stored.once(`${optionSets} option sets`, () =>
    tryOptionSets({
      count: optionSets,
      seed,
      onDone: () => showProgress("option set", (done += 1), optionSets),
    }),
  );
  process.stderr.write("\r\u001b[K");
  scenarios.push({ name: "option sets", ...outcome });
  const failed = Object.entries(outcome.failed).map(([code, count]) => `${count} ${code}`);
  console.log(
    `${optionSets} option sets: ${outcome.refused} rejected before the start, ${outcome.started} work, ` +
      `failed without leftovers: ${failed.length === 0 ? "none" : failed.join(", ")}`,
  );
}
if (isRequested("verdicts")) {
  const outcome = await runVerdicts({
    ...{ faults, clean, seed, from, progress: stored },
    onDone: ({ index, name, what, wrong }) => {
      showProgress("verdict", index + 1, faults + clean);
      if (wrong.length > 0) {
        const options = `--only verdicts --seed ${seed} --faults ${faults} --clean ${clean} --from ${index}`;
        console.log(
          `\r\u001b[K${name} (${what}): ${wrong.join("; ")}\n  repeat: ./dev reliability ${options}`,
        );
      }
    },
  });
  process.stderr.write("\r\u001b[K");
  scenarios.push(...outcome.scenarios);
  failures += outcome.failures;
  console.log(verdictsTable(outcome.scenarios));
}
if (isRequested("requests")) {
  const outcomes = await runRequests({
    failures: FAILURES,
    progress: stored,
    onDone: ({ request, failure, problem }, done, all) => {
      showProgress("request", done, all);
      if (problem !== undefined) console.log(`\r\u001b[K${request} ${failure}: ${problem}`);
    },
  });
  process.stderr.write("\r\u001b[K");
  scenarios.push(...outcomes);
  const wrong = outcomes.filter(({ problem }) => problem !== undefined);
  failures += wrong.length;
  const started = outcomes.filter(({ outcome }) => outcome === "started").length;
  console.log(
    `${outcomes.length} starts with one failed request: ${started} succeeded nevertheless, ${wrong.length} left something or did not name a step`,
  );
}
const left = await leftovers();
if (left.length > 0) console.log(`leftovers at the end: ${left.join(", ")}`);
await writeScenarios(json, scenarios, { seed });
failures += left.length;
console.log(failures === 0 ? "no failures, no leftovers" : `${failures} failures`);
if (failures > 0) process.exitCode = 1;

function isRequested(part: string): boolean {
  return only === undefined || only === part;
}

function showProgress(what: string, done: number, all: number): void {
  process.stderr.write(`\r${what} ${done} of ${all}  `);
}
