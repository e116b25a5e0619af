import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { CACHE } from "../support/cache-folder.ts";
import { leftovers } from "../support/engine.ts";
import { Progress } from "../support/progress.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import {
  INSTALLATIONS,
  type InstallationResult,
  nameOf,
  packLibrary,
  tryInstallation,
} from "./installations.ts";
import { replaceSection } from "./replace-section.ts";

// The program of `./dev matrix`. Each matrix has its own command, because it takes many minutes.

const USAGE = `usage: ./dev matrix installations [OPTION…]

Installs the packed library in real projects, each with its own package manager and versions, and uses it there.
An interrupted run continues where it ended, as long as the library has not changed.

  --only TEXT  runs only the rows whose name contains TEXT, such as "Vitest" or "ioredis@5"
  --again      runs all rows again
  --update     writes the results into docs/reference/compatibility.md
  --json FILE  writes all results as JSON`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    again: { type: "boolean" },
    update: { type: "boolean" },
    json: { type: "string" },
  },
});
if (positionals.join() !== "installations") {
  console.error(USAGE);
  process.exit(2);
}

if (values.update === true && values.only !== undefined)
  throw new Error("--update needs all rows, without --only");

const HEADINGS = ["package manager", "use", "Node", "packages", "install s", "run s", "MiB"];
const PAGE = join(import.meta.dirname, "../../docs/reference/compatibility.md");
const folder = await mkdtemp(join(tmpdir(), "trc-matrix-"));
try {
  const results = await runInstallations(folder);
  console.log(terminalTable(results));
  await writeScenarios(values.json, results);
  const left = await leftovers();
  if (left.length > 0) console.log(`leftovers: ${left.join(", ")}`);
  const failures = results.filter(({ problem }) => problem !== undefined).length + left.length;
  console.log(`${results.length} installations, ${failures} failures`);
  if (failures > 0) process.exitCode = 1;
  else if (values.update === true) await updatePage(results);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function runInstallations(packFolder: string): Promise<readonly InstallationResult[]> {
  const rows = INSTALLATIONS.filter((row) => nameOf(row).includes(values.only ?? ""));
  const tarball = await packLibrary(packFolder);
  const progress = await openProgress(`installations-${tarball.hash}`);
  const results: InstallationResult[] = [];
  for (const [index, row] of rows.entries()) {
    const name = nameOf(row);
    console.error(`${index + 1} of ${rows.length}: ${name}`);
    const result = await progress.once(
      name,
      () => tryInstallation(row, tarball),
      ({ problem }) => problem === undefined,
    );
    if (result.problem !== undefined) console.error(result.problem);
    results.push(result);
  }
  return results;
}

/** Opens the file in the cache of `./dev` that has the results of an interrupted run. */
async function openProgress(name: string): Promise<Progress> {
  const matrices = join(CACHE, "matrices");
  await mkdir(matrices, { recursive: true });
  const file = join(matrices, `${name}.jsonl`);
  if (values.again === true) await rm(file, { force: true });
  return await Progress.open(file);
}

/** Returns the cells of a row. */
function cells(result: InstallationResult): readonly string[] {
  const { use, manager, node, packages, installMs, runMs, sizeMiB, problem } = result;
  return [
    ...[manager, use, node, packages.join(", "), seconds(installMs)],
    ...[problem === undefined ? seconds(runMs) : "fails", sizeMiB?.toFixed(0) ?? ""],
  ];
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

function terminalTable(results: readonly InstallationResult[]): string {
  const table = new Table({ head: HEADINGS });
  for (const result of results) table.push(cells(result).map((cell) => cell.replaceAll(", ", "\n")));
  return table.toString();
}

/** Writes the results into the page of the documentation. */
async function updatePage(results: readonly InstallationResult[]): Promise<void> {
  const lines = [HEADINGS, HEADINGS.map(() => "---"), ...results.map(cells)].map(
    (row) => `| ${row.join(" | ")} |`,
  );
  const date = new Date().toISOString().slice(0, 10);
  const section = [`Measured on ${date}, on ${process.platform} ${process.arch}.`, "", ...lines].join("\n");
  const page = await readFile(PAGE, "utf8");
  await writeFile(PAGE, replaceSection(page, "installations", section));
}
