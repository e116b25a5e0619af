import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE } from "../support/cache-folder.ts";

const run = promisify(execFile);

/** The versions of the package managers. */
const VERSIONS = { npm: "12.2.1", pnpm: "12.21.0", yarn: "4.18.1", bun: "1.4.5" };
const MAX_OUTPUT = 2 ** 26;

/** The output of a program that has ended with the exit code 0. */
interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** A project to which a package manager has been given. */
export interface Project {
  readonly folder: string;
  /** The program of Node that runs everything of the project. */
  readonly node: string;
}

/** A package manager, as one of the installers of the matrix. */
export interface PackageManager {
  /** As in the table: `npm 12.2.1`. */
  readonly name: string;
  /** Writes the settings of the manager into the project, and installs the dependencies of its package.json. */
  install(project: Project): Promise<void>;
  /** Runs a JavaScript file of the project, or of one of its packages, with Node. */
  runFile(project: Project, file: string, args: readonly string[]): Promise<Output>;
  /** Runs a program that a package of the project provides, such as `tsc`. */
  runBinary(project: Project, name: string, args: readonly string[]): Promise<Output>;
}

/**
 * Returns the folder of a package in the cache of `./dev`, and downloads it unless it is there.
 *
 * @param name the name of the package. @param version its version.
 */
async function provide(name: string, version: string): Promise<string> {
  const folder = join(CACHE, "tools", `${name.replace("/", "+")}-${version}`);
  const root = join(folder, "node_modules", name);
  if (existsSync(root)) return root;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...options, `${name}@${version}`], { cwd: folder });
  return root;
}

/** Returns the program of a version of Node. */
export async function provideNode(version: string): Promise<string> {
  return join(await provide(`node-${process.platform}-${process.arch}`, version), "bin/node");
}

/** npm, pnpm, Bun and Yarn (if it is told to) install into `node_modules`, in which Node finds all packages by itself. */
function intoNodeModules(name: string, install: (project: Project) => Promise<void>): PackageManager {
  return {
    name,
    install,
    runFile: (project, file, args) => execute(project, project.node, [file, ...args]),
    runBinary: async (project, binary, args) => {
      const file = await findBinary(project, binary);
      return await execute(project, project.node, [file, ...args]);
    },
  };
}

const npm = intoNodeModules(`npm ${VERSIONS.npm}`, async (project) => {
  const program = join(await provide("npm", VERSIONS.npm), "bin/npm-cli.js");
  const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
  await execute(project, project.node, [program, "install", ...options]);
});

const pnpm = intoNodeModules(`pnpm ${VERSIONS.pnpm}`, async (project) => {
  const program = join(await provide("pnpm", VERSIONS.pnpm), "bin/pnpm.mjs");
  // Otherwise pnpm searches the parent folders for a workspace.
  await writeFile(join(project.folder, "pnpm-workspace.yaml"), "packages: []\n");
  await execute(project, project.node, [program, "install", "--ignore-scripts", "--no-frozen-lockfile"]);
});

const bun = intoNodeModules(`Bun ${VERSIONS.bun}`, async (project) => {
  const platform = `${process.platform}-${process.arch === "arm64" ? "aarch64" : "x64"}`;
  // The package `bun` only selects one of these.
  const program = join(await provide(`@oven/bun-${platform}`, VERSIONS.bun), "bin/bun");
  await execute(project, program, ["install", "--ignore-scripts"]);
});

/** Yarn with Plug'n'Play: there is no `node_modules`, and `yarn node` tells Node where the packages are. */
const yarn: PackageManager = {
  name: `Yarn ${VERSIONS.yarn} (Plug'n'Play)`,
  install: (project) => installWithYarn(project, "pnp"),
  runFile: (project, file, args) => runYarn(project, ["node", file, ...args]),
  runBinary: (project, name, args) => runYarn(project, ["run", name, ...args]),
};

const yarnWithNodeModules = intoNodeModules(`Yarn ${VERSIONS.yarn} (node_modules)`, (project) =>
  installWithYarn(project, "node-modules"),
);

type ManagerName = "npm" | "pnpm" | "yarn" | "yarn with node_modules" | "bun";

export const PACKAGE_MANAGERS: Readonly<Record<ManagerName, PackageManager>> = {
  ...{ npm, pnpm, yarn, bun },
  "yarn with node_modules": yarnWithNodeModules,
};

async function installWithYarn(project: Project, nodeLinker: "pnp" | "node-modules"): Promise<void> {
  const { stdout: registry } = await run("npm", ["config", "get", "registry"]);
  const settings = {
    nodeLinker,
    npmRegistryServer: registry.trim(),
    enableTelemetry: false,
    enableScripts: false,
    enableImmutableInstalls: false,
  };
  // JSON is YAML, too.
  await writeFile(join(project.folder, ".yarnrc.yml"), JSON.stringify(settings));
  await writeFile(join(project.folder, "yarn.lock"), "");
  await runYarn(project, ["install"]);
}

async function runYarn(project: Project, args: readonly string[]): Promise<Output> {
  const program = join(await provide("@yarnpkg/cli-dist", VERSIONS.yarn), "bin/yarn.js");
  return await execute(project, project.node, [program, ...args]);
}

/** Returns the file of a program of a package, which has the same name as the package. */
async function findBinary({ folder }: Project, name: string): Promise<string> {
  const packageName = name === "tsc" ? "typescript" : name;
  const root = join(folder, "node_modules", packageName);
  const { bin } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly bin: string | Readonly<Record<string, string>>;
  };
  const file = typeof bin === "string" ? bin : bin[name];
  if (file === undefined) throw new Error(`${packageName} has no program ${name}`);
  return join(root, file);
}

async function execute({ folder, node }: Project, program: string, args: readonly string[]): Promise<Output> {
  const path = `${join(node, "..")}:${process.env["PATH"]}`;
  return await run(program, args, {
    cwd: folder,
    env: { ...process.env, PATH: path, NODE_OPTIONS: "", NO_COLOR: "1", CI: "1" },
    maxBuffer: MAX_OUTPUT,
  });
}
