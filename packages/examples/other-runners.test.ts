import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { leftovers } from "./demo/leftovers.ts";

// Runs each recipe of docs/guides/other-runners.md with its own runner, as a user does in a shell.

const RECIPES = join(import.meta.dirname, "other-runners");
/** Far more than a recipe takes: what is still there then does not end by itself. */
const LIMIT_MS = 120_000;
/** How long Jest and Mocha may take to be gone once they have printed their results; Node prints its own when it is. */
const LINGER_MS = 3_000;

interface Run {
  readonly exitCode: number | null;
  /** What ended it, where it did not end by itself. */
  readonly signal: string | null;
  readonly stdout: string;
  /** Lines of the standard error that nobody expected. */
  readonly surprises: readonly string[];
  /** From the last output to the end, in milliseconds. */
  readonly lingeredMs: number;
  /** Containers and networks that were not there before. */
  readonly left: readonly string[];
}

const CLEAN = { exitCode: 0, signal: null, surprises: [], left: [] } as const;

/** Each line that Jest prints beside the results when all is well; it prints its report to the standard error. */
const JEST_REPORT: readonly RegExp[] = [
  /^\(node:\d+\) ExperimentalWarning: VM Modules is an experimental feature/,
  /^\(Use `node --trace-warnings \.\.\.` to show where the warning was created\)$/,
  /^PASS /,
  /^ {2}✓ /,
  /^(?:Test Suites|Tests|Snapshots|Time): /,
  /^Ran all test suites\.$/,
];

/** TAP comments that are node's own; it passes on what a test file prints to either stream as comments, too. */
const TAP_COMMENT = /^# (?:Subtest: |(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) \d)/;

test("node:test", { timeout: LIMIT_MS + 30_000 }, async () => {
  const run = await runRecipe("node-test", process.execPath, ["--test", "--test-reporter=tap"]);
  expect(run, run.stdout).toMatchObject(CLEAN);
  const lines = run.stdout.split("\n");
  expect(lines).toEqual(expect.arrayContaining(["# tests 4", "# pass 4"]));
  expect(lines.filter((line) => line.startsWith("#") && !TAP_COMMENT.test(line))).toEqual([]);
});

test("Jest", { timeout: LIMIT_MS + 30_000 }, async () => {
  const run = await runRecipe("jest", installed("jest"), ["--json"], {
    environment: { NODE_OPTIONS: "--experimental-vm-modules" },
    expected: JEST_REPORT,
  });
  expect(run, run.stdout).toMatchObject(CLEAN);
  expect(run.lingeredMs).toBeLessThan(LINGER_MS);
  expect(JSON.parse(run.stdout)).toMatchObject({
    success: true,
    numTotalTests: 3,
    numPassedTests: 3,
    openHandles: [],
  });
});

test("Mocha", { timeout: LIMIT_MS + 30_000 }, async () => {
  const run = await runRecipe("mocha", installed("mocha"), ["--reporter", "json"]);
  expect(run, run.stdout).toMatchObject(CLEAN);
  expect(run.lingeredMs).toBeLessThan(LINGER_MS);
  expect(JSON.parse(run.stdout)).toMatchObject({ stats: { tests: 3, passes: 3, pending: 0, failures: 0 } });
});

function installed(runner: string): string {
  return join(RECIPES, "node_modules/.bin", runner);
}

async function runRecipe(
  folder: string,
  command: string,
  args: readonly string[],
  {
    environment = {},
    expected = [],
  }: { readonly environment?: Readonly<Record<string, string>>; readonly expected?: readonly RegExp[] } = {},
): Promise<Run> {
  const before = new Set(await leftovers());
  const child = spawn(command, args, {
    cwd: join(RECIPES, folder),
    env: { ...shellEnvironment(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
  });
  const output = { stdout: "", stderr: "", lastAt: performance.now() };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (chunk: string) => {
      output[stream] += chunk;
      output.lastAt = performance.now();
    });
  }
  const [exitCode, signal] = (await once(child, "close")) as [number | null, string | null];
  const lingeredMs = performance.now() - output.lastAt;
  return {
    exitCode,
    signal,
    stdout: output.stdout,
    surprises: output.stderr
      .split("\n")
      .filter((line) => line !== "" && !expected.some((pattern) => pattern.test(line))),
    lingeredMs,
    left: (await leftovers()).filter((name) => !before.has(name)),
  };
}

/** The environment without what Vitest has set in it: in a shell there is nothing of that. */
function shellEnvironment(): NodeJS.ProcessEnv {
  const { NODE_ENV: _mode, NODE_OPTIONS: _options, FORCE_COLOR: _force, PATH, ...rest } = process.env;
  const own = Object.entries(rest).filter(([name]) => !name.startsWith("VITEST"));
  // The same Node for the runners' start scripts, which look for one on the path.
  return { ...Object.fromEntries(own), PATH: `${dirname(process.execPath)}:${PATH ?? ""}`, NO_COLOR: "1" };
}
