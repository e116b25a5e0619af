import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import Table from "cli-table3";
import { CACHE } from "../support/cache-folder.ts";
import { hashFiles } from "../support/hash-files.ts";
import { today } from "../support/progress.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import { type MatrixOptions, openProgress, selectRows } from "./options.ts";
import { cells, headings, importResults, publishResult, type RowResult } from "./published-results.ts";
import type { SuiteResult } from "./run-suite.ts";

function fromRoot(path: string): string {
  return join(import.meta.dirname, "../..", path);
}

/** A row of a matrix whose tests are the suite. */
export interface SuiteRow {
  readonly name: string;
  /**
   * Runs the suite.
   *
   * @param log the file for its output.
   * @returns the obstacle if the suite cannot run here.
   */
  run(log: string): Promise<RowRun | { readonly obstacle: string }>;
}

/** A run of the suite. */
interface RowRun {
  /** The version of what was tested, as it reports it. */
  readonly version: string;
  readonly suite: SuiteResult;
}

/**
 * Runs the suite for each row, and prints and stores the table. With `importFrom`, it only stores the results of
 * earlier runs.
 *
 * @param matrix the name of the matrix, of its section on the page of the documentation, and of its first column in the plural.
 * @returns the number of tests that failed. Rows that were selected and cannot run count as well.
 */
export async function runSuiteRows(
  matrix: string,
  rows: readonly SuiteRow[],
  options: MatrixOptions,
): Promise<number> {
  const names = rows.map(({ name }) => name);
  if (options.importFrom !== undefined) return await importResults(matrix, names, options.importFrom);
  const hash = await hashFiles(...["packages/harness/dist", "packages/examples", "test"].map(fromRoot));
  const progress = await openProgress(`${matrix}-${hash}`, options);
  const results: RowResult[] = [];
  let failed = 0;
  const table = new Table({ head: [...headings(matrix)] });
  for (const row of selectRows(rows, ({ name }) => name, options)) {
    const result = await progress.once(
      row.name,
      () => runRow(row),
      (each) => "version" in each && each.failures.length === 0,
    );
    table.push([row.name, ...cells("version" in result ? result : undefined)]);
    if ("obstacle" in result) {
      console.error(`${row.name}: not run, ${result.obstacle}`);
      if (options.only !== "") failed += 1;
      continue;
    }
    for (const failure of result.failures) console.error(`${row.name}: ${failure}`);
    results.push(result);
    failed += result.failures.length;
    // A run takes many minutes, so each result is stored at once.
    if (options.update) await publishResult(matrix, names, result);
  }
  console.log(table.toString());
  await writeScenarios(options.json, results);
  return failed;
}

async function runRow(row: SuiteRow): Promise<RowResult | { readonly obstacle: string }> {
  const logs = join(CACHE, "matrices", "logs");
  await mkdir(logs, { recursive: true });
  const { name } = row;
  const log = join(logs, `${name.replaceAll(/[^\w.]+/g, "-")}.txt`);
  console.error(`${name}: log in ${log}`);
  const result = await row.run(log);
  if ("obstacle" in result) return result;
  const { version, suite } = result;
  const { passed, failures, skipped, minutes } = suite;
  console.error(`${name} (${version}): ${passed} passed, ${failures.length} failed`);
  const notApplicable = Object.fromEntries(
    Object.entries(Object.groupBy(skipped, (reason) => reason)).map(([reason, tests = []]) => [
      reason,
      tests.length,
    ]),
  );
  return { name, date: today(), version, passed, failures, notApplicable, minutes };
}
