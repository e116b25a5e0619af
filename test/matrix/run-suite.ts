import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const RUN = join(import.meta.dirname, "../run.ts");
/** The projects whose tests start clusters with the image and the engine of the environment. */
const PROJECTS = ["integration", "examples"];

/** The result of the suite in one environment. */
export interface SuiteResult {
  readonly passed: number;
  /** The files and names of the tests that failed, and failures that belong to no test. */
  readonly failures: readonly string[];
  /** Why tests did not run, which concern what the server or the engine does not have. */
  readonly skipped: readonly string[];
  readonly minutes: number;
}

/**
 * Runs the tests that need clusters.
 *
 * @param environment is added to the environment of this process.
 * @param log the file for the output.
 * @param enter returns the command that runs another one where it reaches the engine. Default: it runs here.
 * @throws Error if the suite ended without a result.
 */
export async function runSuite(
  environment: Readonly<Record<string, string>>,
  log: string,
  enter: (...command: readonly string[]) => readonly string[] = (...command) => command,
): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), "trc-suite-"));
  const json = join(folder, "result.json");
  const startedAt = performance.now();
  try {
    const projects = PROJECTS.flatMap((name) => ["--project", name]);
    const [program = "", ...args] = enter(
      ...[process.execPath, RUN, ...projects, "--json", json, "--accept-skipped"],
    );
    const suite = spawn(program, args, {
      env: { ...process.env, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = createWriteStream(log);
    suite.stderr.pipe(output, { end: false });
    await Promise.all([once(suite, "exit"), pipeline(suite.stdout, output)]);
    const text = await readFile(json, "utf8").catch(() => undefined);
    if (text === undefined) throw new Error(`the suite ended without a result: see ${log}`);
    const result = JSON.parse(text) as Omit<SuiteResult, "minutes">;
    return { ...result, minutes: (performance.now() - startedAt) / 60_000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
