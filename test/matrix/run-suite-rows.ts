import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import Table from "cli-table3";
import { CACHE } from "../support/cache-folder.ts";
import { hashFolders } from "../support/hash-folders.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import { type MatrixOptions, markdownTable, openProgress, updatePage } from "./options.ts";
import type { SuiteResult } from "./run-suite.ts";

const HEADINGS = ["version", "passed", "not applicable", "failed", "minutes"];

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
 * Runs the suite for each row, and prints and stores the table.
 *
 * @param name the name of the matrix, of its section on the page of the documentation, and of its first column in the plural.
 * @returns the number of tests that failed.
 */
export async function runSuiteRows(
  name: string,
  rows: readonly SuiteRow[],
  options: MatrixOptions,
): Promise<number> {
  const hash = await hashFolders(...["packages/harness/dist", "packages/examples", "test"].map(fromRoot));
  const progress = await openProgress(`${name}-${hash}`, options);
  const lines: string[][] = [];
  const results: object[] = [];
  let failed = 0;
  for (const row of rows.filter((each) => each.name.includes(options.only))) {
    const result = await progress.once(
      row.name,
      () => runRow(row),
      (each) => "suite" in each && failuresOf(each) === 0,
    );
    if ("obstacle" in result) console.error(`${row.name}: not run, ${result.obstacle}`);
    else for (const failure of result.suite.failures) console.error(`${row.name}: ${failure}`);
    failed += failuresOf(result);
    results.push({ name: row.name, ...result });
    lines.push([row.name, ...cells(result)]);
  }
  const headings = [name.replace(/s$/, ""), ...HEADINGS];
  const table = new Table({ head: headings });
  for (const line of lines) table.push(line);
  console.log(table.toString());
  await writeScenarios(options.json, results as { readonly name: string }[]);
  if (options.update && failed === 0) {
    const reasons = results.flatMap((result) =>
      "suite" in result ? (result.suite as SuiteResult).skipped : [],
    );
    await updatePage(name, [
      ...markdownTable([headings, ...lines]),
      ...(reasons.length === 0
        ? []
        : ["", "Not applicable:", "", ...[...new Set(reasons)].map((reason) => `- ${reason}`)]),
    ]);
  }
  return failed;
}

async function runRow(row: SuiteRow): Promise<RowRun | { readonly obstacle: string }> {
  const logs = join(CACHE, "matrices", "logs");
  await mkdir(logs, { recursive: true });
  const { name } = row;
  const log = join(logs, `${name.replaceAll(/[^\w.]+/g, "-")}.txt`);
  console.error(`${name}: log in ${log}`);
  const result = await row.run(log);
  if ("suite" in result)
    console.error(`${name} (${result.version}): ${result.suite.passed} passed, ${failuresOf(result)} failed`);
  return result;
}

function failuresOf(result: RowRun | { readonly obstacle: string }): number {
  return "suite" in result ? result.suite.failed + result.suite.otherFailures : 0;
}

function cells(result: RowRun | { readonly obstacle: string }): readonly string[] {
  if ("obstacle" in result) return ["", "not run", "", "", ""];
  const { version, suite } = result;
  return [
    version,
    String(suite.passed),
    String(suite.skipped.length),
    String(failuresOf(result)),
    suite.minutes.toFixed(1),
  ];
}
