import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { startVitest, type TestModule } from "vitest/node";
import { leftovers } from "./support/engine.ts";
import { whyNoSecondEngine } from "./support/second-engine.ts";

// What `./dev test` runs: the checks, then every test, and at the end one line that counts them.

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { project: { type: "string", multiple: true } },
});

// Filters are for working on a part; the checks are about the whole.
const everything = positionals.length === 0 && values.project === undefined;
const checks = everything
  ? spawnSync("pnpm", ["--silent", "run", "check"], { stdio: "inherit" }).status === 0
  : true;

const vitest = await startVitest("test", positionals, {
  run: true,
  watch: false,
  ...(values.project === undefined ? {} : { project: values.project }),
});
const counts = { passed: 0, failed: 0 };
let broken = false;
for (const module of vitest.state.getTestModules()) count(module);
await vitest.close();

const withoutEngine = everything ? whyNoSecondEngine() : undefined;
if (withoutEngine !== undefined) console.log(`left out: tests of an engine in trouble (${withoutEngine})`);
const left = await leftovers();
if (!checks) console.log("the checks failed: see above");
if (left.length > 0) console.log(`left behind: ${left.join(", ")}`);
const errors = vitest.state.getUnhandledErrors().length;
if (errors > 0) console.log(`${errors} errors outside any test: see above`);
const otherFailures = [!checks, left.length > 0, errors > 0, broken].filter(Boolean).length;
console.log(`${counts.passed} passed, ${counts.failed + otherFailures} failed`);
process.exit(counts.failed + otherFailures > 0 || counts.passed === 0 ? 1 : 0);

function count(module: TestModule): void {
  // A module that does not load has no tests to fail.
  if (module.state() === "failed" && module.children.size === 0) broken = true;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === "passed") counts.passed += 1;
    else counts.failed += 1;
  }
}
