import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEvidenceFolder } from "./evidence-folder.ts";

const AT = Date.UTC(2026, 10, 24, 2, 14, 44, 741);
let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "evidence-folder-"));
});
afterEach(async () => {
  await rm(base, { recursive: true });
});

async function nameFor(title: string): Promise<string> {
  return basename(await createEvidenceFolder(base, { at: AT, cluster: "redis-cluster-ab12", title }));
}

test("names the folder after the time, the cluster and the title", async () => {
  const folder = await createEvidenceFolder(join(base, "deep", "er"), {
    at: AT,
    cluster: "redis-cluster-ab12",
    title: "An order: survives?",
  });
  expect(folder).toBe(join(base, "deep", "er", "20261124-021444-redis-cluster-ab12-an-order-survives"));
  expect(await readdir(dirname(folder))).toEqual([basename(folder)]);
});

test("numbers folders of the same name, also if they are created at the same time", async () => {
  const names = await Promise.all([nameFor("same"), nameFor("same"), nameFor("same")]);
  expect(names.toSorted()).toEqual([
    "20261124-021444-redis-cluster-ab12-same",
    "20261124-021444-redis-cluster-ab12-same-2",
    "20261124-021444-redis-cluster-ab12-same-3",
  ]);
});

test("removes accents, and shortens long titles", async () => {
  expect(await nameFor("Überlebt äöü … 漢字")).toMatch(/-uberlebt-aou$/);
  expect((await nameFor("x".repeat(500))).length).toBeLessThan(120);
});

test("creates a safe name within the directory for any title", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme" }), async (title) => {
      const folder = await createEvidenceFolder(base, { at: AT, cluster: "c", title });
      expect(dirname(folder)).toBe(base);
      expect(basename(folder)).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      await rm(folder, { recursive: true });
    }),
    { numRuns: 50, examples: [["../../etc/passwd"], ["con"], ["a/b\\c:d*e?f"], [""], ["trailing. "]] },
  );
});

test("rejects if the directory cannot be created", async () => {
  const file = new URL(import.meta.url).pathname;
  await expect(createEvidenceFolder(join(file, "x"), { at: AT, cluster: "c", title: "t" })).rejects.toThrow(
    /ENOTDIR|EEXIST/,
  );
});
