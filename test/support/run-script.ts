import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs a module in a separate process, like the program of a user, with the dependencies of this package. */
export async function runScript(
  source: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  // The folder is inside this package, so that the imports resolve.
  const folder = await mkdtemp(join(import.meta.dirname, ".script-"));
  try {
    const file = join(folder, "script.mjs");
    await writeFile(file, source);
    return await run(process.execPath, [file], { env: { ...process.env, ...environment }, timeout: 60_000 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
