import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packLibrary } from "../matrix/installations.ts";

const run = promisify(execFile);

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, { readonly types: string }>>>>;
}

let folder: string;
let tarball: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trc-package-"));
  tarball = (await packLibrary(folder)).file;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the tarball contains the files that users need and no others", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const files = stdout
    .trim()
    .split("\n")
    .map((name) => name.replace(/^package\//, ""));
  expect(files).toEqual(
    expect.arrayContaining([
      "package.json",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "docs/reference/errors.md",
      "cjs/index.js",
      "cjs/index.d.cts",
      "dist/index.js",
      "dist/index.d.ts",
      "options.schema.json",
    ]),
  );
  expect(
    files.filter((name) =>
      /\.(test|fixture|tmp)\.|tsbuildinfo|\.map$|^(?!cjs\/|dist\/|types\/|package\.json|options\.schema\.json|docs\/|README|CHANGELOG|LICENSE)/.test(
        name,
      ),
    ),
  ).toEqual([]);
});

test("the declarations need no esModuleInterop and no package with types of its own", async () => {
  await run("tar", ["-xzf", tarball, "-C", folder]);
  const root = join(folder, "package");
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Manifest;
  const queue = Object.values(manifest.exports)
    .flatMap((entry) => (typeof entry === "string" ? [] : Object.values(entry)))
    .map(({ types }) => join(root, types));
  const reached = new Set<string>();
  const packages = new Set<string>();
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const text = await readFile(file, "utf8");
    // A default import of a package with `export =` compiles only with esModuleInterop.
    expect({ file, imports: text.match(/^import (?:type )?\w+ from "[^.].*$/gm) }).toEqual({
      file,
      imports: null,
    });
    for (const [, name = ""] of text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)) {
      if (name.startsWith(".")) queue.push(join(dirname(file), name.replace(/\.([cm]?)[jt]s$/, ".d.$1ts")));
      else if (!isBuiltin(name)) packages.add(name);
    }
  }
  expect(reached.size).toBeGreaterThan(50);
  // The types of dockerode and ssh2, for example, are in other packages, which a project does not have.
  expect([...packages].toSorted()).toEqual([
    ...["@testcontainers/redis", "@valkey/valkey-glide", "ioredis", "iovalkey", "redis"],
    ...["testcontainers", "valibot", "vitest", "vitest/node"],
  ]);
});

test("publint reports no problems", async () => {
  const data = await readFile(tarball);
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(data).buffer }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

test("are-the-types-wrong reports no problems in any module resolution", async () => {
  const pack = createPackageFromTarballData(await readFile(tarball));
  const analysis = await checkPackage(pack);
  expect("problems" in analysis ? analysis.problems : []).toEqual([]);
  expect(analysis.types).not.toBe(false);
});

test("the package starts a cluster and its types compile in an empty project", async () => {
  const project = join(folder, "project");
  await run("mkdir", [project]);
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({
      type: "module",
      private: true,
      dependencies: {
        "testcontainers-redis-cluster": `file:${tarball}`,
        "@testcontainers/redis": "^12.1.0",
        ioredis: "^6.0.0",
        testcontainers: "^12.2.0",
      },
      devDependencies: { typescript: "^7.0.2", "@types/node": "^24.0.0" },
    }),
  );
  await writeFile(
    join(project, "pnpm-workspace.yaml"),
    "packages: []\nallowBuilds:\n  cpu-features: false\n  protobufjs: false\n  ssh2: false\n",
  );
  await writeFile(
    join(project, "main.ts"),
    `import { startRedisCluster } from "testcontainers-redis-cluster";
await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
await cluster.client.set("order:42", "paid");
const value: string | null = await cluster.client.get("order:42");
console.log(value, (await cluster.primaries()).length);
`,
  );
  await run("pnpm", ["install", "--prefer-offline"], { cwd: project });
  await run(
    "pnpm",
    [
      "exec",
      "tsc",
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--lib",
      "es2024,esnext.disposable",
      "--types",
      "node",
      "--skipLibCheck",
      "false",
      "main.ts",
    ],
    { cwd: project },
  ).catch((error: { stdout?: string }) => {
    // Errors in the declarations of other packages are ignored.
    const ours = (error.stdout ?? "")
      .split("\n")
      .filter((line) => /^main\.ts|testcontainers-redis-cluster/.test(line));
    expect(ours).toEqual([]);
  });
  const { stdout, stderr } = await run(process.execPath, ["main.ts"], { cwd: project });
  expect(stdout).toBe("paid 3\n");
  expect(stderr).toBe("");
});
