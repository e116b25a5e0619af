import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

/** The variables that Vitest sets in its own processes. */
const SET_BY_VITEST = /^(?:VITEST|(?:TEST|NODE_ENV|MODE|DEV|PROD|SSR|BASE_URL)$)/;

/**
 * Runs Vitest in a folder that has its own configuration, and returns the output.
 *
 * @param folder relative to this file.
 * @throws Error with the output if a test fails.
 */
export async function runVitest(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !SET_BY_VITEST.test(name));
  const { stdout } = await run(
    process.execPath,
    [VITEST, "run", "--root", join(import.meta.dirname, folder)],
    { env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...environment }, timeout: 120_000 },
  );
  return stdout;
}
