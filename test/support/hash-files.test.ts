import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashFiles } from "./hash-files.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trc-hash-"));
  await mkdir(join(folder, "inner"));
  await writeFile(join(folder, "inner", "one.txt"), "one");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test("changes with the content and with the name of a file", async () => {
  const before = await hashFiles(folder);
  expect(await hashFiles(folder)).toBe(before);
  await writeFile(join(folder, "inner", "one.txt"), "two");
  const other = await hashFiles(folder);
  expect(other).not.toBe(before);
  await rename(join(folder, "inner", "one.txt"), join(folder, "inner", "two.txt"));
  expect(await hashFiles(folder)).not.toBe(other);
});

test("ignores installed packages", async () => {
  const before = await hashFiles(folder);
  await mkdir(join(folder, "node_modules"));
  await writeFile(join(folder, "node_modules", "one.js"), "");
  expect(await hashFiles(folder)).toBe(before);
});

test("changes with the content of a single file", async () => {
  const file = join(folder, "inner", "one.txt");
  const before = await hashFiles(file);
  await writeFile(file, "two");
  expect(await hashFiles(file)).not.toBe(before);
});
