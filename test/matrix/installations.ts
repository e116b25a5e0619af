import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Installation, nameOf, type Use } from "./installation-rows.ts";
import { PACKAGE_MANAGERS, type PackageManager, type Project, provideNode } from "./managers.ts";

const run = promisify(execFile);

const HARNESS = join(import.meta.dirname, "../../packages/harness");
const PROJECTS = join(import.meta.dirname, "projects");

/** What a project has shown. */
export interface InstallationResult {
  readonly name: string;
  readonly use: Use;
  readonly manager: string;
  readonly node: string;
  /** The names and installed versions of the packages that the row is about. */
  readonly packages: readonly string[];
  readonly installMs: number;
  readonly runMs: number;
  /** The size of everything that was installed, in mebibytes; undefined if it is in a cache of the package manager. */
  readonly sizeMiB: number | undefined;
  /** Why the project failed; undefined if it works. */
  readonly problem: string | undefined;
}

/** A packed library. */
export interface Tarball {
  readonly file: string;
  /** Changes whenever the library does; the documentation in the package does not matter. */
  readonly hash: string;
}

/** Packs the library into a folder. */
export async function packLibrary(folder: string): Promise<Tarball> {
  await run("pnpm", ["pack", "--pack-destination", folder], { cwd: HARNESS });
  const name = (await readdir(folder)).find((file) => file.endsWith(".tgz"));
  if (name === undefined) throw new Error("pnpm packed nothing");
  const parts = ["package.json", "cjs", "dist", "types"].map((part) => `package/${part}`);
  const { stdout: content } = await run("tar", ["-xzOf", join(folder, name), ...parts], {
    maxBuffer: 2 ** 26,
  });
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  // Package managers cache a file by its name. The cached copy of an earlier library must not be used.
  const file = join(folder, `library-${hash}.tgz`);
  await cp(join(folder, name), file);
  return { file, hash };
}

/** Creates the project of a row in an empty folder, installs its packages and runs it. */
export async function tryInstallation(row: Installation, { file }: Tarball): Promise<InstallationResult> {
  const manager = PACKAGE_MANAGERS[row.manager];
  const folder = await mkdtemp(join(tmpdir(), "trc-installation-"));
  const node = row.node === undefined ? process.execPath : await provideNode(row.node);
  const project: Project = { folder, node };
  const { stdout: nodeVersion } = await run(node, ["--version"]);
  const common = { name: nameOf(row), use: row.use, manager: manager.name, node: nodeVersion.trim() };
  let installMs = 0;
  let installedAt = performance.now();
  try {
    await writeProject(folder, row, file);
    const startedAt = performance.now();
    await manager.install(project);
    installedAt = performance.now();
    installMs = installedAt - startedAt;
    await USES[row.use](project, manager, row);
    return {
      ...common,
      packages: await readVersions(project, manager, row),
      ...{
        installMs,
        runMs: performance.now() - installedAt,
        sizeMiB: await sizeOf(folder),
        problem: undefined,
      },
    };
  } catch (error) {
    return {
      ...common,
      packages: describeRequested(row),
      ...{ installMs, runMs: performance.now() - installedAt, sizeMiB: undefined, problem: describe(error) },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const USES: Readonly<
  Record<Use, (project: Project, manager: PackageManager, row: Installation) => Promise<unknown>>
> = {
  "ES modules": (project, manager, row) => manager.runFile(project, "main.mjs", ioredisArgument(row)),
  "require()": (project, manager, row) => manager.runFile(project, "main.cjs", ioredisArgument(row)),
  "two copies": (project, manager) => manager.runFile(project, "conflict.mjs", []),
  "ts-jest": (project, manager) => manager.runBinary(project, "jest", ["--ci"]),
  Vitest: async (project, manager) => {
    await checkTypes(project, manager, ["--module", "esnext", "--moduleResolution", "bundler"]);
    await requireVitestOutcome(
      project.folder,
      await outputOfFailure(manager.runBinary(project, "vitest", ["run"])),
    );
  },
  types: async (project, manager, { versions }) => {
    const major = Number.parseInt(versions["typescript"]?.replace("^", "") ?? "", 10);
    const modes = [
      ["--module", "node16", "--moduleResolution", "node16"],
      ["--module", "esnext", "--moduleResolution", "bundler"],
      // TypeScript 6 deprecates this resolution, and TypeScript 7 does not have it.
      ...(major < 6 ? [["--module", "commonjs", "--moduleResolution", "node10"]] : []),
    ];
    for (const type of ["module", "commonjs"]) {
      await setType(project.folder, type);
      for (const mode of modes) {
        if (mode.includes("commonjs") && type === "module") continue;
        await checkTypes(project, manager, mode);
      }
    }
  },
};

/** Returns the output of a program that must fail. */
async function outputOfFailure(program: Promise<unknown>): Promise<string> {
  try {
    await program;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    return `${stdout}${stderr}`;
  }
  throw new Error("expected one test to fail, got none");
}

function ioredisArgument({ versions }: Installation): readonly string[] {
  return "ioredis" in versions ? [] : ["--no-ioredis"];
}

/** The folder of the project for each use. */
const TEMPLATES: Readonly<Record<Use, string>> = {
  "ES modules": "program",
  "require()": "program",
  "two copies": "program",
  "ts-jest": "ts-jest",
  Vitest: "vitest",
  types: "types",
};

/** Writes the files of the project. Vitest 3 and 4 need another entry point, and another name for `test.override`. */
async function writeProject(folder: string, { use, versions }: Installation, library: string): Promise<void> {
  const vitestMajor = Number.parseInt(versions["vitest"]?.replace("^", "") ?? "5", 10);
  const template = join(PROJECTS, TEMPLATES[use]);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(template)) {
    const text = await readFile(join(template, name), "utf8");
    const completed = text
      .replaceAll(
        "ENTRY",
        vitestMajor < 5 ? "testcontainers-redis-cluster/vitest/v4" : "testcontainers-redis-cluster/vitest",
      )
      .replaceAll("test.OVERRIDE", vitestMajor < 5 ? "test.scoped" : "test.override");
    await writeFile(join(folder, name), completed);
  }
  const manifest = {
    name: "installation",
    private: true,
    ...(use === "Vitest" ? { type: "module" } : {}),
    dependencies: { "testcontainers-redis-cluster": `file:${library}`, ...versions },
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest, undefined, 2));
}

async function setType(folder: string, type: string): Promise<void> {
  const file = join(folder, "package.json");
  const manifest = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...manifest, type }));
}

/** Checks the types of all TypeScript files, also those of the declarations of the library. */
async function checkTypes(project: Project, manager: PackageManager, mode: readonly string[]): Promise<void> {
  const files = (await readdir(project.folder)).filter((name) => /(?<!\.config)\.ts$/.test(name));
  const options = [
    "--noEmit",
    "--strict",
    "--target",
    "es2022",
    "--lib",
    "es2023,esnext.disposable",
    "--types",
    "node",
  ];
  try {
    await manager.runBinary(project, "tsc", [...options, ...mode, "--skipLibCheck", "false", ...files]);
  } catch (error) {
    // Declarations of other packages may contain errors, which `skipLibCheck` hides. Without it, ours must not.
    const { stdout = "" } = error as { readonly stdout?: string };
    const lines = stdout.split("\n").filter((line) => /error TS/.test(line));
    const own = lines.filter(
      (line) => /testcontainers-redis-cluster/.test(line) || !/node_modules|\.yarn/.test(line),
    );
    if (own.length > 0) throw new Error(`tsc ${mode.join(" ")}: ${own.join("\n")}`, { cause: error });
    if (lines.length === 0) throw error;
  }
}

/** Checks that only the test failed that must fail, and that its evidence and the report page were written. */
async function requireVitestOutcome(folder: string, output: string): Promise<void> {
  // Vitest 4 counts tests that are expected to fail separately.
  const counts = /Tests\s+1 failed \| (?:7 passed|6 passed \| 1 expected fail) \(8\)/.test(output);
  const evidence = await readdir(join(folder, "evidence")).catch(() => []);
  const page = await readFile(join(folder, "report.html"), "utf8").catch(() => "");
  if (!counts || evidence.length !== 1 || !page.includes("own.test.ts")) {
    throw new Error(
      `expected 1 failed and 7 passed tests, evidence of one test, and a report, got:\n${output}`,
    );
  }
}

/** Returns the names and installed versions of the packages of a row. */
async function readVersions(
  project: Project,
  manager: PackageManager,
  row: Installation,
): Promise<readonly string[]> {
  await cp(join(PROJECTS, "versions.cjs"), join(project.folder, "versions.cjs"));
  const { stdout } = await manager.runFile(project, "versions.cjs", shownPackages(row));
  return JSON.parse(stdout) as readonly string[];
}

function describeRequested(row: Installation): readonly string[] {
  return shownPackages(row).map((name) => `${name} ${row.versions[name]}`);
}

function shownPackages({ versions }: Installation): readonly string[] {
  const names = [
    ...["ioredis", "redis", "iovalkey", "@valkey/valkey-glide"],
    ...["testcontainers", "vitest", "jest", "typescript"],
  ];
  const redis =
    versions["testcontainers"] === versions["@testcontainers/redis"] ? [] : ["@testcontainers/redis"];
  return [...names.filter((name) => name in versions), ...redis];
}

async function sizeOf(folder: string): Promise<number | undefined> {
  const modules = join(folder, "node_modules");
  // Yarn with Plug'n'Play has no such folder, but a tool may have created one for its cache.
  const found = (await readdir(modules).catch(() => [])).filter((name) => !name.startsWith("."));
  if (found.length === 0) return undefined;
  const { stdout } = await run("du", ["-sk", modules]);
  return Number.parseInt(stdout, 10) / 1_024;
}

function describe(error: unknown): string {
  const {
    message = String(error),
    stdout = "",
    stderr = "",
  } = error as Partial<Record<"message" | "stdout" | "stderr", string>>;
  return [message, stdout, stderr].filter((text) => text !== "").join("\n");
}
