import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InvalidOptionsError, messageOf } from "../errors.ts";
import { Redacted } from "../schema/format-value.ts";
import { listProblems, type ReportProblem } from "../schema/option-problems.ts";
import type { ValidSeed } from "../plan/validate-seed.ts";
import { MAX_SEED_BYTES } from "./dataset.ts";
import type { SeedFunction } from "./seed.ts";
import { splitLine } from "./split-line.ts";

/** A command in a file. */
export interface CommandLine {
  /** The number of the line, which starts at 1. */
  readonly line: number;
  /** The name of the command and its arguments. */
  readonly argv: readonly [Buffer, ...Buffer[]];
}

/** An RDB file or append-only file, with everything that a server needs to load it. */
export interface DataFile {
  /** The path in the option `seed`. */
  readonly path: string;
  /** The directives with which a server finds the files. */
  readonly settings: Readonly<Record<string, string>>;
  /** The files, with the names that the server expects. */
  readonly files: readonly { readonly name: string; readonly content: Buffer }[];
}

/** A seed whose files have been read and validated. */
export type ReadySeed =
  | { readonly kind: "function"; readonly load: SeedFunction }
  | { readonly kind: "commands"; readonly path: string; readonly commands: readonly CommandLine[] }
  | { readonly kind: "files"; readonly files: readonly DataFile[] };

const MAX_SHOWN_LINES = 5;
const RDB_START = /^(?:REDIS\d{4}|VALKEY\d{3})/;
/** A command, a timestamp (7.0), or the RDB data at the start of a rewritten file. */
const AOF_START = /^(?:\*\d|#TS:|REDIS\d{4}|VALKEY\d{3})/;

/**
 * Reads and validates the files of a seed.
 *
 * @throws InvalidOptionsError with one problem for each file that cannot be used.
 */
export async function readSeed(seed: ValidSeed): Promise<ReadySeed> {
  if (seed.kind === "function") return { kind: "function", load: seed.load as SeedFunction };
  const { problems, report } = listProblems();
  const { kind, files } = seed;
  const ready =
    kind === "commands"
      ? await readCommands(files[0] as string, report)
      : await readDataFiles(kind, files, report);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return ready;
}

async function readCommands(path: string, report: ReportProblem): Promise<ReadySeed> {
  const content = await readFileOrReport("seed.commands", path, report);
  const commands: CommandLine[] = [];
  const invalidLines: number[] = [];
  for (const [index, text] of (content?.toString() ?? "").split("\n").entries()) {
    if (/^\s*(?:#|$)/.test(text)) continue;
    const [name, ...rest] = splitLine(text) ?? [];
    if (name === undefined) invalidLines.push(index + 1);
    else commands.push({ line: index + 1, argv: [name, ...rest] });
  }
  if (invalidLines.length > 0) {
    const lines = invalidLines.slice(0, MAX_SHOWN_LINES).join(", ");
    const more = invalidLines.length > MAX_SHOWN_LINES ? ", …" : "";
    report(
      "seed.commands",
      new Redacted(`invalid quotes in ${JSON.stringify(path)}, line ${lines}${more}`),
      "one command per line, quoted as for redis-cli",
      "Close every quote, and put a blank after each closing quote.",
    );
  } else if (content !== undefined && commands.length === 0) {
    report("seed.commands", path, "a file with at least one command");
  }
  return { kind: "commands", path, commands };
}

async function readDataFiles(
  kind: "rdb" | "aof",
  paths: readonly string[],
  report: ReportProblem,
): Promise<ReadySeed> {
  const files = await Promise.all(
    paths.map(async (path, index): Promise<readonly DataFile[]> => {
      const option = `seed.${kind}[${index}]`;
      const file = kind === "rdb" ? await readRdb(option, path, report) : await readAof(option, path, report);
      return file === undefined ? [] : [file];
    }),
  );
  return { kind: "files", files: files.flat() };
}

async function readRdb(option: string, path: string, report: ReportProblem): Promise<DataFile | undefined> {
  const content = await readFileOrReport(option, path, report);
  if (content === undefined) return undefined;
  if (!RDB_START.test(content.toString("latin1", 0, 9))) {
    return report(option, path, 'an RDB file, which begins with "REDIS" or "VALKEY" and a version');
  }
  return {
    path,
    settings: { appendonly: "no", dbfilename: "seed.rdb" },
    files: [{ name: "seed.rdb", content }],
  };
}

async function readAof(option: string, path: string, report: ReportProblem): Promise<DataFile | undefined> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return await readAofFolder(option, path, report);
  const content = await readFileOrReport(option, path, report);
  if (content === undefined) return undefined;
  if (!AOF_START.test(content.toString("latin1", 0, 9))) {
    return report(option, path, "an append-only file, or the folder of an append-only file in several parts");
  }
  return {
    path,
    settings: { appendonly: "yes", appendfilename: "seed.aof", "aof-load-truncated": "no" },
    files: [{ name: "seed.aof", content }],
  };
}

/** Reads the folder of an append-only file in several parts (7.0), which a manifest lists. */
async function readAofFolder(
  option: string,
  path: string,
  report: ReportProblem,
): Promise<DataFile | undefined> {
  const names = (await readdir(path)).filter((name) => !name.startsWith("temp-"));
  const manifests = names.filter((name) => name.endsWith(".manifest"));
  const [manifest] = manifests;
  if (manifest === undefined || manifests.length > 1) {
    const found = manifests.length === 0 ? "no such file" : manifests.join(", ");
    return report(
      option,
      new Redacted(`${JSON.stringify(path)} with ${found}`),
      "a folder with exactly one file *.manifest, such as `appendonlydir` of a server",
    );
  }
  const base = basename(manifest, ".manifest");
  const parts = names.filter((name) => name.startsWith(`${base}.`));
  const contents = await Promise.all(
    parts.map(async (name) => ({
      name,
      content: await readFileOrReport(option, join(path, name), report, true),
    })),
  );
  const files = contents.flatMap(({ name, content }) =>
    content === undefined ? [] : [{ name: `seed-parts/${name}`, content }],
  );
  return {
    path,
    settings: {
      appendonly: "yes",
      appendfilename: base,
      appenddirname: "seed-parts",
      "aof-load-truncated": "no",
    },
    files,
  };
}

/** Reads a file. Reports a problem and returns undefined if the file cannot be used. */
async function readFileOrReport(
  option: string,
  path: string,
  report: ReportProblem,
  canBeEmpty = false,
): Promise<Buffer | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_SEED_BYTES) {
      const maxMiB = MAX_SEED_BYTES / 1024 ** 2;
      return report(
        option,
        new Redacted(`${JSON.stringify(path)} of ${size} bytes`),
        `a file of at most ${maxMiB} MiB`,
      );
    }
    const content = await readFile(path);
    if (content.length > 0 || canBeEmpty) return content;
    return report(option, path, "a file that is not empty");
  } catch (error) {
    return report(
      option,
      new Redacted(`${JSON.stringify(path)} (${messageOf(error)})`),
      "a file that can be read",
      `Relative paths are relative to the working directory. This path is ${resolve(path)}.`,
    );
  }
}
