import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { leftoversOfFolder } from "./demo/leftovers.ts";

// Runs each recipe of docs/guides/other-runners.md with its own test runner, as a user does in a shell.

const RECIPES = join(import.meta.dirname, "other-runners");
/** The timeout of a recipe, which is much longer than a recipe takes. */
const RECIPE_TIMEOUT_MS = 120_000;
/** The longest time between the results and the end of Jest and Mocha. Node prints its results when it ends. */
const MAX_LINGER_MS = 3_000;

/** The result of a run of a recipe. */
interface RecipeRun {
  readonly exitCode: number | null;
  /** The signal that ended the process, or null. */
  readonly signal: string | null;
  readonly stdout: string;
  /** Lines of the standard error that are not expected. */
  readonly unexpectedLines: readonly string[];
  /** The time from the last output to the end, in milliseconds. */
  readonly lingeredMs: number;
  /** Containers, networks and volumes that the recipe has left behind. */
  readonly left: readonly string[];
}

const CLEAN = { exitCode: 0, signal: null, unexpectedLines: [], left: [] } as const;

/** The lines that Jest prints to the standard error when all tests pass. */
const JEST_REPORT: readonly RegExp[] = [
  /^\(node:\d+\) ExperimentalWarning: VM Modules is an experimental feature/,
  /^\(Use `node --trace-warnings \.\.\.` to show where the warning was created\)$/,
  /^PASS /,
  /^ {2}✓ /,
  /^(?:Test Suites|Tests|Snapshots|Time): /,
  /^Ran all test suites\.$/,
];

/** TAP comments of Node itself. Node also prints the output of test files as comments. */
const TAP_COMMENT = /^# (?:Subtest: |(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) \d)/;

test("the recipe for node:test passes and leaves nothing", {
  timeout: RECIPE_TIMEOUT_MS + 30_000,
}, async () => {
  const run = await runRecipe("node-test", process.execPath, ["--test", "--test-reporter=tap"]);
  expect(run, run.stdout).toMatchObject(CLEAN);
  const lines = run.stdout.split("\n");
  expect(lines).toEqual(expect.arrayContaining(["# tests 4", "# pass 4"]));
  expect(lines.filter((line) => line.startsWith("#") && !TAP_COMMENT.test(line))).toEqual([]);
});

test("the recipe for Jest passes and leaves nothing", { timeout: RECIPE_TIMEOUT_MS + 30_000 }, async () => {
  const run = await runRecipe("jest", runnerPath("jest"), ["--json"], {
    environment: { NODE_OPTIONS: "--experimental-vm-modules" },
    expected: JEST_REPORT,
  });
  expect(run, run.stdout).toMatchObject(CLEAN);
  expect(run.lingeredMs).toBeLessThan(MAX_LINGER_MS);
  expect(JSON.parse(run.stdout)).toMatchObject({
    success: true,
    numTotalTests: 3,
    numPassedTests: 3,
    openHandles: [],
  });
});

test("the recipe for Mocha passes and leaves nothing", { timeout: RECIPE_TIMEOUT_MS + 30_000 }, async () => {
  const run = await runRecipe("mocha", runnerPath("mocha"), ["--reporter", "json"]);
  expect(run, run.stdout).toMatchObject(CLEAN);
  expect(run.lingeredMs).toBeLessThan(MAX_LINGER_MS);
  expect(JSON.parse(run.stdout)).toMatchObject({ stats: { tests: 3, passes: 3, pending: 0, failures: 0 } });
});

/** Returns the path of the command of a test runner. */
function runnerPath(runner: string): string {
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
): Promise<RecipeRun> {
  const child = spawn(command, args, {
    cwd: join(RECIPES, folder),
    env: { ...shellEnvironment(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: RECIPE_TIMEOUT_MS,
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
    unexpectedLines: output.stderr
      .split("\n")
      .filter((line) => line !== "" && !expected.some((pattern) => pattern.test(line))),
    lingeredMs,
    left: await leftoversOfFolder(join(RECIPES, folder)),
  };
}

/** Returns the environment without the variables that Vitest sets, like the environment of a shell. */
function shellEnvironment(): NodeJS.ProcessEnv {
  const { NODE_ENV: _mode, NODE_OPTIONS: _options, FORCE_COLOR: _force, PATH, ...rest } = process.env;
  const withoutVitest = Object.entries(rest).filter(([name]) => !name.startsWith("VITEST"));
  // The start scripts of the runners search the path for Node, so the folder of the current Node is added.
  return {
    ...Object.fromEntries(withoutVitest),
    PATH: `${dirname(process.execPath)}:${PATH ?? ""}`,
    NO_COLOR: "1",
  };
}
