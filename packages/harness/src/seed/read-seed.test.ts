import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InvalidOptionsError } from "../errors.ts";
import type { ValidSeed } from "../plan/validate-seed.ts";
import { readSeed } from "./read-seed.ts";

let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "seed-"));
  await Promise.all([
    writeFile(path("empty"), ""),
    writeFile(path("good.redis"), '# data\n\nSET a "x\\xff"\r\n  RPUSH b 1 2\n'),
    writeFile(path("comments.redis"), "# nothing\n"),
    writeFile(path("bad.redis"), "SET a \"open\nSET b 1\nSET c 'x'y\n"),
    writeFile(path("a.rdb"), "REDIS0011…"),
    writeFile(path("b.rdb"), "VALKEY080…"),
    writeFile(path("a.aof"), "*2\r\n$6\r\nSELECT\r\n"),
    writeFile(path("preamble.aof"), "REDIS0011…"),
    mkdir(path("parts")).then(async () => {
      await writeFile(path("parts/x.aof.manifest"), "file x.aof.1.base.rdb seq 1 type b\n");
      await writeFile(path("parts/x.aof.1.base.rdb"), "REDIS0011…");
      await writeFile(path("parts/x.aof.1.incr.aof"), "");
      await writeFile(path("parts/temp-1.aof"), "");
    }),
    mkdir(path("no-parts")),
    writeFile(path("large.rdb"), "REDIS0011"),
  ]);
  await truncate(path("large.rdb"), 65 * 1024 ** 2);
});
afterAll(() => rm(folder, { recursive: true }));

async function problemsOf(seed: ValidSeed): Promise<readonly string[]> {
  const error: unknown = await readSeed(seed).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InvalidOptionsError)) {
    throw new Error(`expected an InvalidOptionsError, got ${String(error)}`);
  }
  return error.problems.map(({ option, given, allowed }) =>
    `${option}: expected ${allowed}, got ${given}`.replaceAll(folder, ""),
  );
}

test("returns the commands of a file with their line numbers, without comments", async () => {
  const seed = await readSeed({ kind: "commands", files: [path("good.redis")] });
  expect(seed).toMatchObject({
    commands: [
      { line: 3, argv: [Buffer.from("SET"), Buffer.from("a"), Buffer.from([0x78, 0xff])] },
      { line: 4, argv: ["RPUSH", "b", "1", "2"].map((argument) => Buffer.from(argument)) },
    ],
  });
});

test.each<[ValidSeed["kind"], string, string]>([
  [
    "commands",
    "missing",
    "a file that can be read, got \"/missing\" (ENOENT: no such file or directory, stat '/missing')",
  ],
  [
    "commands",
    "parts",
    'a file that can be read, got "/parts" (EISDIR: illegal operation on a directory, read)',
  ],
  ["commands", "empty", 'a file that is not empty, got "/empty"'],
  ["commands", "comments.redis", 'a file with at least one command, got "/comments.redis"'],
  [
    "commands",
    "bad.redis",
    'one command per line, quoted as for redis-cli, got invalid quotes in "/bad.redis", line 1, 3',
  ],
  ["rdb", "a.aof", 'an RDB file, which begins with "REDIS" or "VALKEY" and a version, got "/a.aof"'],
  ["rdb", "large.rdb", 'a file of at most 64 MiB, got "/large.rdb" of 68157440 bytes'],
  [
    "aof",
    "good.redis",
    'an append-only file, or the folder of an append-only file in several parts, got "/good.redis"',
  ],
  [
    "aof",
    "no-parts",
    'a folder with exactly one file *.manifest, such as `appendonlydir` of a server, got "/no-parts" with no such file',
  ],
])("rejects a seed of kind %s from the file %s", async (kind, name, expected) => {
  const option = kind === "commands" ? "seed.commands" : `seed.${kind}[0]`;
  expect(await problemsOf({ kind, files: [path(name)] } as ValidSeed)).toEqual([
    `${option}: expected ${expected}`,
  ]);
});

test("reports every file that cannot be used", async () => {
  const files = [path("missing"), path("a.rdb"), path("a.aof")];
  expect(await problemsOf({ kind: "rdb", files })).toEqual([
    expect.stringContaining("seed.rdb[0]"),
    expect.stringContaining("seed.rdb[2]"),
  ]);
});

test("reads files of Redis and Valkey, and append-only files in one or several parts", async () => {
  const rdb = await readSeed({ kind: "rdb", files: [path("a.rdb"), path("b.rdb")] });
  expect(rdb).toMatchObject({ files: [{ path: path("a.rdb") }, { path: path("b.rdb") }] });
  const aof = await readSeed({ kind: "aof", files: ["a.aof", "preamble.aof", "parts"].map(path) });
  expect(aof).toMatchObject({
    files: [
      { settings: { appendonly: "yes", appendfilename: "seed.aof" } },
      { files: [{ name: "seed.aof", content: Buffer.from("REDIS0011…") }] },
      { settings: { appendfilename: "x.aof", appenddirname: "seed-parts" } },
    ],
  });
  const names = aof.kind === "files" ? aof.files[2]?.files.map(({ name }) => name) : [];
  expect(names?.toSorted()).toEqual(
    ["x.aof.1.base.rdb", "x.aof.1.incr.aof", "x.aof.manifest"].map((name) => `seed-parts/${name}`),
  );
});
