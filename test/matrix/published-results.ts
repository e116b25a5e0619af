import { glob, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { markdownTable, updatePage } from "./options.ts";

/** The results behind the tables of the documentation. They are no tests, whose change would make results outdated. */
const FOLDER = join(import.meta.dirname, "../../docs/reference/results");

/** The result of one row, as it is stored. */
export interface RowResult {
  readonly name: string;
  /** The day of the run, such as "2026-11-27". */
  readonly date: string;
  /** The version of what was tested, as it reports it. */
  readonly version: string;
  readonly passed: number;
  /** The files and names of the tests that failed, and failures that belong to no test. */
  readonly failures: readonly string[];
  /** Why tests do not concern this row, and how many. */
  readonly notApplicable: Readonly<Record<string, number>>;
  readonly minutes: number;
}

/**
 * Stores the new result of a row, keeps the stored results of the other rows, and writes the table of all rows.
 *
 * @param matrix the name of the section on the page of the documentation, and of the first column in the plural.
 * @param rows the names of all rows.
 */
export async function publishResult(
  matrix: string,
  rows: readonly string[],
  result: RowResult,
): Promise<void> {
  const file = fileOf(matrix);
  const byName = new Map([...(await readResults(file)), result].map((each) => [each.name, each]));
  const all = rows.flatMap((name) => byName.get(name) ?? []);
  await mkdir(FOLDER, { recursive: true });
  await writeFile(file, `${JSON.stringify(all, undefined, 2)}\n`);
  await updatePage(matrix, describe(matrix, rows, byName));
}

/**
 * Stores the results that runs on other machines have written with `--json`, in all JSON files of a folder and of its
 * folders. A result that is older than the stored one changes nothing.
 *
 * @returns the number of tests that failed in the imported runs.
 * @throws if the folder contains no result, or one whose row does not exist.
 */
export async function importResults(
  matrix: string,
  rows: readonly string[],
  folder: string,
): Promise<number> {
  const imported: RowResult[] = [];
  for await (const name of glob("**/*.json", { cwd: folder })) {
    const text = await readFile(join(folder, name), "utf8");
    const { scenarios } = JSON.parse(text) as { readonly scenarios: readonly RowResult[] };
    imported.push(...scenarios);
  }
  const unknown = imported.filter(({ name }) => !rows.includes(name));
  if (unknown.length > 0) throw new Error(`no rows: ${unknown.map(({ name }) => name).join(", ")}`);
  if (imported.length === 0) throw new Error(`${folder} contains no results`);
  const stored = new Map((await readResults(fileOf(matrix))).map((each) => [each.name, each]));
  for (const result of imported) {
    if (result.date < (stored.get(result.name)?.date ?? "")) {
      console.log(`${result.name}: the stored result is newer`);
      continue;
    }
    await publishResult(matrix, rows, result);
    console.log(`${result.name}: ${result.passed} passed, ${result.failures.length} failed`);
  }
  return sum(imported.map(({ failures }) => failures.length));
}

function fileOf(matrix: string): string {
  return join(FOLDER, `${matrix}.json`);
}

async function readResults(file: string): Promise<readonly RowResult[]> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as readonly RowResult[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Returns the table, and below it what failed and what does not concern a row. */
function describe(
  matrix: string,
  rows: readonly string[],
  results: ReadonlyMap<string, RowResult>,
): readonly string[] {
  const table = rows.map((name) => [name, ...cells(results.get(name))]);
  const failures: string[] = [];
  const byReason = new Map<string, string[]>();
  for (const name of rows) {
    const result = results.get(name);
    if (result === undefined) continue;
    failures.push(...result.failures.map((failure) => `- ${name}: ${failure}`));
    for (const [reason, count] of Object.entries(result.notApplicable)) {
      const where = byReason.get(reason) ?? [];
      byReason.set(reason, [...where, `${name} (${count})`]);
    }
  }
  const reasons = [...byReason].map(
    ([reason, where]) => `- ${reason.replace(/\.$/, "")}: ${where.join(", ")}`,
  );
  return [
    ...markdownTable([headings(matrix), ...table]),
    ...list("Failed:", failures),
    ...list("Not applicable, with the number of tests:", reasons),
  ];
}

/** Returns the headings of all columns. */
export function headings(matrix: string): readonly string[] {
  return [matrix.replace(/s$/, ""), "version", "passed", "not applicable", "failed", "minutes", "date"];
}

/** Returns the cells after the name. */
export function cells(result: RowResult | undefined): readonly string[] {
  if (result === undefined) return ["", "not run", "", "", "", ""];
  return [
    result.version,
    String(result.passed),
    String(sum(Object.values(result.notApplicable))),
    String(result.failures.length),
    result.minutes.toFixed(1),
    result.date,
  ];
}

function list(heading: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : ["", heading, "", ...items];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
