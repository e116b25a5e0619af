import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InvalidOptionsError, messageOf, type OptionProblem } from "../errors.ts";
import { Hidden, type Report, show } from "../schema/option-problems.ts";
import type { ValidSeed } from "../plan/validate-seed.ts";
import { SEED_LIMIT_BYTES } from "./dataset.ts";
import type { SeedFunction } from "./seed.ts";
import { splitLine } from "./split-line.ts";

/** A command of a file, and where it stands. */
export interface CommandLine {
  /** From 1. */
  readonly line: number;
  readonly words: readonly [Buffer, ...Buffer[]];
}

/** Files of one server, by their names as that server expects them. */
export interface DataFile {
  /** As the option names it. */
  readonly path: string;
  /** Settings by which a server finds the files. */
  readonly settings: Readonly<Record<string, string>>;
  readonly files: readonly { readonly name: string; readonly content: Buffer }[];
}

/** A seed that is ready to be loaded: everything about its files has been read and checked. */
export type ReadySeed =
  | { readonly kind: "function"; readonly load: SeedFunction }
  | { readonly kind: "commands"; readonly path: string; readonly commands: readonly CommandLine[] }
  | { readonly kind: "files"; readonly files: readonly DataFile[] };

const MOST_LINES = 5;
const RDB = /^(?:REDIS\d{4}|VALKEY\d{3})/;
/** A command, a time stamp (7.0), or the RDB with which a rewritten file begins. */
const AOF = /^(?:\*\d|#TS:|REDIS\d{4}|VALKEY\d{3})/;

/**
 * Reads the files of a seed.
 *
 * @throws InvalidOptionsError naming every file that cannot be used.
 */
export async function readSeed(seed: ValidSeed): Promise<ReadySeed> {
  if (seed.kind === "function") return { kind: "function", load: seed.load as SeedFunction };
  const problems: OptionProblem[] = [];
  const report: Report = (option, given, allowed, remedy) => {
    problems.push({ option, given: show(given), allowed, ...(remedy === undefined ? {} : { remedy }) });
    return undefined;
  };
  const { kind, files } = seed;
  const ready =
    kind === "commands"
      ? await readCommands(files[0] as string, report)
      : await readDataFiles(kind, files, report);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return ready;
}

async function readCommands(path: string, report: Report): Promise<ReadySeed> {
  const content = await readOne("seed.commands", path, report);
  const commands: CommandLine[] = [];
  const bad: number[] = [];
  for (const [index, text] of (content?.toString() ?? "").split("\n").entries()) {
    if (/^\s*(?:#|$)/.test(text)) continue;
    const [name, ...rest] = splitLine(text) ?? [];
    if (name === undefined) bad.push(index + 1);
    else commands.push({ line: index + 1, words: [name, ...rest] });
  }
  if (bad.length > 0) {
    const lines = bad.slice(0, MOST_LINES).join(", ");
    report(
      "seed.commands",
      new Hidden(`${JSON.stringify(path)}, line ${lines}${bad.length > MOST_LINES ? ", …" : ""}`),
      "one command a line, quoted as for redis-cli",
      "Close every quote and put a blank after it.",
    );
  } else if (content !== undefined && commands.length === 0) {
    report("seed.commands", path, "a file with at least one command");
  }
  return { kind: "commands", path, commands };
}

async function readDataFiles(
  kind: "rdb" | "aof",
  paths: readonly string[],
  report: Report,
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

async function readRdb(option: string, path: string, report: Report): Promise<DataFile | undefined> {
  const content = await readOne(option, path, report);
  if (content === undefined) return undefined;
  if (!RDB.test(content.toString("latin1", 0, 9))) {
    return report(option, path, 'an RDB file, which begins with "REDIS" or "VALKEY" and a version');
  }
  return {
    path,
    settings: { appendonly: "no", dbfilename: "seed.rdb" },
    files: [{ name: "seed.rdb", content }],
  };
}

async function readAof(option: string, path: string, report: Report): Promise<DataFile | undefined> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return await readAofFolder(option, path, report);
  const content = await readOne(option, path, report);
  if (content === undefined) return undefined;
  if (!AOF.test(content.toString("latin1", 0, 9))) {
    return report(option, path, "an append-only file, or the folder of one in several parts");
  }
  return {
    path,
    settings: { appendonly: "yes", appendfilename: "seed.aof", "aof-load-truncated": "no" },
    files: [{ name: "seed.aof", content }],
  };
}

/** The folder of an append-only file in several parts (7.0), which a manifest lists. */
async function readAofFolder(option: string, path: string, report: Report): Promise<DataFile | undefined> {
  const names = (await readdir(path)).filter((name) => !name.startsWith("temp-"));
  const manifests = names.filter((name) => name.endsWith(".manifest"));
  const [manifest] = manifests;
  if (manifest === undefined || manifests.length > 1) {
    const found = manifests.length === 0 ? "none" : manifests.join(", ");
    return report(
      option,
      new Hidden(`${JSON.stringify(path)} with ${found}`),
      "a folder with one file *.manifest, as `appenddirname` of a server",
    );
  }
  const base = basename(manifest, ".manifest");
  const parts = names.filter((name) => name.startsWith(`${base}.`));
  const contents = await Promise.all(
    parts.map(async (name) => ({ name, content: await readOne(option, join(path, name), report, true) })),
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

async function readOne(
  option: string,
  path: string,
  report: Report,
  mayBeEmpty = false,
): Promise<Buffer | undefined> {
  const readable = "a file that can be read";
  try {
    const { size } = await stat(path);
    if (size > SEED_LIMIT_BYTES) {
      const most = SEED_LIMIT_BYTES / 1024 ** 2;
      return report(
        option,
        new Hidden(`${JSON.stringify(path)} of ${size} bytes`),
        `a file of at most ${most} MiB`,
      );
    }
    const content = await readFile(path);
    if (content.length > 0 || mayBeEmpty) return content;
    return report(option, new Hidden(`${JSON.stringify(path)}, which is empty`), readable);
  } catch (error) {
    return report(
      option,
      new Hidden(`${JSON.stringify(path)} (${messageOf(error)})`),
      readable,
      `Relative paths begin at the working directory: this is ${resolve(path)}.`,
    );
  }
}
