import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { leftoversOfFolder } from "./engine.ts";

const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const SUITES = join(import.meta.dirname, "../runner/suites");

/** Returns the folder of a suite. It is the working folder of its runs, so the resources of a run can be told from others. */
export function suiteFolder(suite: string): string {
  return join(SUITES, suite);
}

/** Returns what the runs of a suite have created and not removed. */
export async function leftoversOfSuite(suite: string): Promise<readonly string[]> {
  return await leftoversOfFolder(suiteFolder(suite));
}

/** The result of one test, as Vitest's JSON reporter writes it. */
interface TestOutcome {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "skipped" | "pending" | "todo";
  readonly failureMessages: readonly string[];
}

/** The result of a run of Vitest. */
export interface VitestRun {
  readonly exitCode: number | null;
  readonly output: string;
  /** Empty for a suite with a configuration file, because such a suite has its own reporters. */
  readonly tests: readonly TestOutcome[];
  /** The lines that the tests of the suite passed to `note`, in order. */
  readonly notes: readonly string[];
}

/** A run of Vitest that has not ended. */
export interface RunningVitest {
  readonly process: ChildProcess;
  /** Resolves when the process has ended. */
  readonly ended: Promise<VitestRun>;
  /** Returns everything that the run has printed so far. */
  output(): string;
}

/** Starts Vitest on one of the suites in a separate process group, as a terminal does. */
export async function startVitest(
  suite: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningVitest> {
  const folder = await mkdtemp(join(tmpdir(), "trc-runner-"));
  const json = join(folder, "results.json");
  const notes = join(folder, "notes");
  // Reporters on the command line would replace those of a configuration file.
  const reporters = existsSync(join(suiteFolder(suite), "vitest.config.ts"))
    ? []
    : ["--reporter=default", "--reporter=json", `--outputFile.json=${json}`];
  const child = spawn(
    process.execPath,
    [VITEST, "run", "--root", suiteFolder(suite), ...reporters, ...args],
    {
      cwd: suiteFolder(suite),
      env: { ...withoutRunner(), TRC_NOTES: notes, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    },
  );
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve)).then(
    async (exitCode): Promise<VitestRun> => {
      const tests = parseOutcomes(await readFile(json, "utf8").catch(() => ""));
      const noted = (await readFile(notes, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
      await rm(folder, { recursive: true, force: true });
      return { exitCode, output: printed, tests, notes: noted };
    },
  );
  return { process: child, ended, output: () => printed };
}

/** Runs Vitest on one of the suites and waits until it ends. */
export async function runVitest(
  suite: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<VitestRun> {
  return await (await startVitest(suite, args, environment)).ended;
}

/** Returns the status of each test by its full name, sorted by name. */
export function statuses({ tests }: VitestRun): Readonly<Record<string, string>> {
  const sorted = tests.toSorted((a, b) => (a.fullName < b.fullName ? -1 : 1));
  return Object.fromEntries(sorted.map(({ fullName, status }) => [fullName, status]));
}

function parseOutcomes(json: string): readonly TestOutcome[] {
  if (json === "") return [];
  const results = JSON.parse(json) as {
    readonly testResults: readonly { readonly assertionResults: readonly TestOutcome[] }[];
  };
  return results.testResults.flatMap(({ assertionResults }) => assertionResults);
}

/** Returns the environment without the variables that a test runner sets. */
function withoutRunner(): NodeJS.ProcessEnv {
  const runners = /^(VITEST|TEST$|NODE_ENV$|MODE$|DEV$|PROD$|SSR$|BASE_URL$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !runners.test(name)));
}
