import { writeFile } from "node:fs/promises";

/**
 * Writes measurements as JSON, in the same format for all benchmarks and reliability runs.
 *
 * @param file the path. If it is undefined, nothing is written.
 * @param more properties of the whole run.
 */
export async function writeScenarios(
  file: string | undefined,
  scenarios: readonly { readonly name: string }[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (file === undefined) return;
  await writeFile(file, `${JSON.stringify({ ...more, scenarios }, undefined, 2)}\n`);
}
