import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { parseArgs, promisify } from "node:util";
import type { TestError } from "vitest";
import { startVitest, type TestCase, type TestModule } from "vitest/node";
import { leftovers } from "./support/engine.ts";
import { findRootObstacle, findSecondEngineObstacle } from "./support/second-engine.ts";

// The program of `./dev test`. Runs the checks and all tests, and prints the number of passed and failed tests in the last line.

/** The codes with which the library rejects what an engine or a server does not have. */
const UNSUPPORTED: ReadonlySet<unknown> = new Set([
  "IMAGE_UNSUITABLE",
  "FAULT_UNSUPPORTED",
  "DIRECT_ACCESS_UNAVAILABLE",
  "LIMITS_UNAVAILABLE",
]);

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    project: { type: "string", multiple: true },
    // A file for the numbers of tests and the names of those that failed.
    json: { type: "string" },
    // Accepts tests of what the server or the engine lacks.
    "accept-skipped": { type: "boolean" },
  },
});

// With a filter only some tests run, and the checks of the whole source are skipped.
const isFullRun = positionals.length === 0 && values.project === undefined;
// The checks run at the same time as the first tests, which mostly wait for containers. Their output is printed at the end.
const checking = isFullRun ? check() : Promise.resolve(undefined);

const vitest = await startVitest("test", positionals, {
  run: true,
  watch: false,
  ...(values.project === undefined ? {} : { project: values.project }),
});
let passed = 0;
/** The tests that failed, and failures that belong to no test. */
const failures: string[] = [];
/** Why tests did not run. */
const skipped: string[] = [];
for (const module of vitest.state.getTestModules()) count(module);
await vitest.close();

if (isFullRun) {
  const engineObstacle = findSecondEngineObstacle();
  if (engineObstacle !== undefined)
    console.log(`skipped: tests that need a second engine (${engineObstacle})`);
  const rootObstacle = findRootObstacle();
  if (rootObstacle !== undefined)
    console.log(`skipped: tests that change the routes and users of this machine (${rootObstacle})`);
}
const left = await leftovers();
const checkFailure = await checking;
if (checkFailure !== undefined) console.log(`the checks failed:\n${checkFailure}`);
if (left.length > 0) console.log(`leftovers of the tests: ${left.join(", ")}`);
const errorsOutside = vitest.state.getUnhandledErrors().length;
if (errorsOutside > 0) console.log(`${errorsOutside} errors outside of tests, see above`);
if (checkFailure !== undefined) failures.push("the checks");
if (left.length > 0) failures.push(`leftovers: ${left.join(", ")}`);
if (errorsOutside > 0) failures.push(`${errorsOutside} errors outside of tests`);
console.log(`${passed} passed, ${failures.length} failed`);
if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ passed, failures, skipped }));
process.exit(failures.length > 0 || passed === 0 ? 1 : 0);

/** Runs the checks. Returns their output if they fail, and undefined if they pass. */
async function check(): Promise<string | undefined> {
  try {
    await promisify(execFile)("pnpm", ["run", "check"], { maxBuffer: 2 ** 26 });
    return undefined;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}` || String(error);
  }
}

function count(module: TestModule): void {
  // A module that fails to load has no tests, and errors of `afterAll` hooks do not belong to a test.
  for (const suite of [module, ...module.children.allSuites()]) {
    const errors = suite.errors();
    if (errors.length > 0 && findObstacle(errors) === undefined)
      failures.push(`${module.relativeModuleId}: errors outside of its tests`);
  }
  for (const test of module.children.allTests()) {
    const obstacle = values["accept-skipped"] === true ? whyNotApplicable(test) : undefined;
    if (test.result().state === "passed") {
      passed += 1;
    } else if (obstacle !== undefined) {
      skipped.push(obstacle);
    } else {
      failures.push(`${module.relativeModuleId}: ${test.fullName}`);
    }
  }
}

/** Returns why a test does not concern this server or engine: it says so itself, or the library rejects what is tested. */
function whyNotApplicable(test: TestCase): string | undefined {
  const result = test.result();
  if (result.state === "skipped" && result.note !== undefined) return result.note;
  let obstacle = findObstacle(result.errors ?? []);
  // A hook of the suite may have failed.
  for (let suite = test.parent; obstacle === undefined; suite = suite.parent) {
    obstacle = findObstacle(suite.errors());
    if (suite.type === "module") break;
  }
  return obstacle;
}

/** Returns the first message if all errors mean that the engine lacks something; undefined otherwise. */
function findObstacle(errors: readonly TestError[]): string | undefined {
  return values["accept-skipped"] === true && errors.every(({ code }) => UNSUPPORTED.has(code))
    ? errors[0]?.message
    : undefined;
}
