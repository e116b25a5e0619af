import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import type { Progress } from "../support/progress.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import { INSTALLATIONS, nameOf } from "./installation-rows.ts";
import { type InstallationResult, packLibrary, tryInstallation } from "./installations.ts";
import {
  type MatrixOptions,
  markdownTable,
  measuredOn,
  openProgress,
  selectRows,
  updatePage,
} from "./options.ts";

const HEADINGS = ["package manager", "use", "Node", "packages", "install s", "run s", "MiB"];

/** Installs the packed library in real projects. Returns the number of projects that failed. */
export async function runInstallations(options: MatrixOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "trc-matrix-"));
  try {
    const { results, progress } = await install(folder, options);
    const table = new Table({ head: HEADINGS });
    for (const result of results) table.push(cells(result).map((cell) => cell.replaceAll(", ", "\n")));
    console.log(table.toString());
    await writeScenarios(options.json, results);
    const failures = results.filter(({ problem }) => problem !== undefined).length;
    console.log(`${results.length} installations, ${failures} failures`);
    if (options.update && failures === 0)
      await updatePage("installations", [
        ...measuredOn(progress),
        ...markdownTable([HEADINGS, ...results.map(cells)]),
      ]);
    return failures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function install(
  packFolder: string,
  options: MatrixOptions,
): Promise<{ readonly results: readonly InstallationResult[]; readonly progress: Progress }> {
  const rows = selectRows(INSTALLATIONS, nameOf, options);
  const tarball = await packLibrary(packFolder);
  const progress = await openProgress(`installations-${tarball.hash}`, options);
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
  return { results, progress };
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
