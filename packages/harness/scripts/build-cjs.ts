import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { rolldown } from "rolldown";

// Writes `cjs/`, the package as CommonJS modules, from `dist/`. It is for programs that load modules themselves and cannot load ES
// modules with `require`, above all Jest. Node itself uses the ES modules for `require` as well (condition `module-sync`), so that
// one process has one copy of the library.

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
const CJS = join(ROOT, "cjs");

/** The modules that any program imports. */
const MODULES = ["index", "report"];
/** The modules for Vitest, which loads them as ES modules in every project, and which is itself an ES module. */
const VITEST_MODULES = ["vitest", "vitest-global-setup", "vitest-reporter"];
/** The module that has a default export. */
const DEFAULT_EXPORT = "vitest-reporter";
/** Dependencies without CommonJS modules. They and their own dependencies become part of `cjs/`. */
const INLINED: ReadonlySet<string> = new Set(["escape-goat", "p-limit", "p-retry"]);

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}
const { dependencies, peerDependencies } = JSON.parse(
  await readFile(join(ROOT, "package.json"), "utf8"),
) as Manifest;
const required = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !INLINED.has(name));

await rm(CJS, { recursive: true, force: true });
const build = await rolldown({
  input: Object.fromEntries(MODULES.map((name) => [name, join(DIST, `${name}.js`)])),
  platform: "node",
  external: (id) => isBuiltin(id) || required.some((name) => id === name || id.startsWith(`${name}/`)),
});
await build.write({
  dir: CJS,
  format: "cjs",
  preserveModules: true,
  preserveModulesRoot: DIST,
  // A published package must not contain a folder `node_modules`: npm would leave it out.
  entryFileNames: ({ name }) => `${name.replace(/^node_modules\/.*\/node_modules\//, "inlined/")}.js`,
  exports: "named",
  comments: false,
});
await build.close();

await writeFile(join(CJS, "package.json"), '{ "type": "commonjs" }\n');
for (const name of VITEST_MODULES) {
  const load = `require("../dist/${name}.js")`;
  const program =
    name === DEFAULT_EXPORT
      ? `Object.defineProperty(exports, "__esModule", { value: true });\nexports.default = ${load}.default;\n`
      : `module.exports = ${load};\n`;
  await writeFile(join(CJS, `${name}.js`), program);
}
// The watcher is a process of its own, which Node runs.
await mkdir(join(CJS, "cleanup"), { recursive: true });
await writeFile(join(CJS, "cleanup/watcher-main.js"), 'void import("../../dist/cleanup/watcher-main.js");\n');
for (const name of [...MODULES, ...VITEST_MODULES]) await writeDeclaration(name, `../dist/${name}.js`, name);
await writeDeclaration("vitest-v4", "../types/vitest-v4.js", "vitest");

/**
 * Writes the declarations of a CommonJS module. They refer to those of the ES module, so that a type is the same whichever modules
 * a program loads. A declaration of CommonJS may import only types from an ES module, so each value is declared again.
 *
 * @param declared the ES module whose declarations it refers to.
 * @param program the ES module that has the values.
 */
async function writeDeclaration(name: string, declared: string, program: string): Promise<void> {
  const { default: main, ...values } = (await import(join(DIST, `${program}.js`))) as Record<string, unknown>;
  const attributes = 'with { "resolution-mode": "import" }';
  const lines = [
    `import type * as library from "${declared}" ${attributes};`,
    `export type * from "${declared}" ${attributes};`,
    ...Object.entries(values).flatMap(([value, content]) => [
      `export declare const ${value}: typeof library.${value};`,
      ...(isClass(content) ? [`export type ${value} = library.${value};`] : []),
    ]),
  ];
  if (main !== undefined) {
    lines.push(
      "declare const main: typeof library.default;",
      "type main = library.default;",
      "export default main;",
    );
  }
  await writeFile(join(CJS, `${name}.d.cts`), `${lines.join("\n")}\n`);
}

function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}
