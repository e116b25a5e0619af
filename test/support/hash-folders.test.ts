import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashFolders } from "./hash-folders.ts";

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
  const before = await hashFolders(folder);
  expect(await hashFolders(folder)).toBe(before);
  await writeFile(join(folder, "inner", "one.txt"), "two");
  const other = await hashFolders(folder);
  expect(other).not.toBe(before);
  await rename(join(folder, "inner", "one.txt"), join(folder, "inner", "two.txt"));
  expect(await hashFolders(folder)).not.toBe(other);
});

test("ignores installed packages", async () => {
  const before = await hashFolders(folder);
  await mkdir(join(folder, "node_modules"));
  await writeFile(join(folder, "node_modules", "one.js"), "");
  expect(await hashFolders(folder)).toBe(before);
});
