import { writeFile } from "node:fs/promises";

/**
 * Writes what was measured, in the one form of all benches and reliability runs. Without a file nothing is written.
 *
 * @param more facts about the run as a whole.
 */
export async function writeScenarios(
  file: string | undefined,
  scenarios: readonly { readonly name: string }[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (file === undefined) return;
  await writeFile(file, `${JSON.stringify({ ...more, scenarios }, undefined, 2)}\n`);
}
