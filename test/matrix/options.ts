import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CACHE } from "../support/cache-folder.ts";
import { Progress } from "../support/progress.ts";
import { replaceSection } from "./replace-section.ts";

const PAGE = join(import.meta.dirname, "../../docs/reference/compatibility.md");

/** The options of every matrix. */
export interface MatrixOptions {
  /** Runs only the row with this name. If no row has it, runs only the rows whose name contains it. */
  readonly only: string;
  /** Whether to run rows again that have results. */
  readonly again: boolean;
  /** Whether to write the results into the page of the documentation. */
  readonly update: boolean;
  /** The path of a JSON file for the results. */
  readonly json: string | undefined;
  /** A folder with the JSON files of earlier runs, whose results are stored instead of running any row. */
  readonly importFrom: string | undefined;
}

/** Returns the rows that the options select. */
export function selectRows<Row>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
  { only }: MatrixOptions,
): readonly Row[] {
  // Names may be the beginning of others.
  const named = rows.filter((row) => nameOf(row) === only);
  return named.length > 0 ? named : rows.filter((row) => nameOf(row).includes(only));
}

/**
 * Opens the file in the cache of `./dev` that has the results of an interrupted run.
 *
 * @param name changes if the results of an earlier run no longer count.
 */
export async function openProgress(name: string, { again }: MatrixOptions): Promise<Progress> {
  const matrices = join(CACHE, "matrices");
  await mkdir(matrices, { recursive: true });
  const file = join(matrices, `${name}.jsonl`);
  if (again) await rm(file, { force: true });
  return await Progress.open(file);
}

/** Returns the lines of a table in Markdown. */
export function markdownTable(rows: readonly (readonly string[])[]): readonly string[] {
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body].map((row) => `| ${row.join(" | ")} |`);
}

/** Returns the first lines of a section whose rows were measured together, perhaps with interruptions. */
export function measuredOn({ days }: Progress): readonly string[] {
  const [first, last] = [days.at(0), days.at(-1)];
  const when = first === last ? `on ${first}` : `from ${first} to ${last}`;
  return [`Measured ${when}, on ${process.platform} ${process.arch}.`, ""];
}

/** Writes lines into a section of the page of the documentation. */
export async function updatePage(section: string, lines: readonly string[]): Promise<void> {
  await writeFile(PAGE, replaceSection(await readFile(PAGE, "utf8"), section, lines.join("\n")));
}
