import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { startVitest, type TestModule } from "vitest/node";
import { leftovers } from "./support/engine.ts";
import { whyNotRoot, whyNoSecondEngine } from "./support/second-engine.ts";

// What `./dev test` runs: the checks, then every test, and at the end one line that counts them.

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { project: { type: "string", multiple: true } },
});

// Filters are for working on a part; the checks are about the whole.
const everything = positionals.length === 0 && values.project === undefined;
// Beside the first tests, which mostly wait for containers. What they say is printed at the end.
const checking = everything ? check() : Promise.resolve(undefined);

const vitest = await startVitest("test", positionals, {
  run: true,
  watch: false,
  ...(values.project === undefined ? {} : { project: values.project }),
});
const counts = { passed: 0, failed: 0 };
let broken = false;
for (const module of vitest.state.getTestModules()) count(module);
await vitest.close();

if (everything) {
  const withoutEngine = whyNoSecondEngine();
  if (withoutEngine !== undefined) console.log(`left out: tests of an engine in trouble (${withoutEngine})`);
  const withoutRoot = whyNotRoot();
  if (withoutRoot !== undefined)
    console.log(`left out: tests of routes and users of this machine (${withoutRoot})`);
}
const left = await leftovers();
const complaint = await checking;
if (complaint !== undefined) console.log(`the checks failed:\n${complaint}`);
if (left.length > 0) console.log(`left behind: ${left.join(", ")}`);
const errors = vitest.state.getUnhandledErrors().length;
if (errors > 0) console.log(`${errors} errors outside any test: see above`);
const otherFailures = [complaint !== undefined, left.length > 0, errors > 0, broken].filter(Boolean).length;
console.log(`${counts.passed} passed, ${counts.failed + otherFailures} failed`);
process.exit(counts.failed + otherFailures > 0 || counts.passed === 0 ? 1 : 0);

/** Gives what the checks have to say where they fail. */
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
  // A module that does not load has no tests to fail, and what a hook after all tests complains of is no test's error.
  if ([module, ...module.children.allSuites()].some((each) => each.errors().length > 0)) broken = true;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === "passed") counts.passed += 1;
    else counts.failed += 1;
  }
}
