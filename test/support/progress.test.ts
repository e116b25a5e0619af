import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Progress } from "./progress.ts";

async function countRuns(progress: Progress, name: string): Promise<number> {
  let runs = 0;
  await progress.once(name, async () => (runs += 1));
  return runs;
}

test("a resumed run does not repeat scenarios that an interrupted run finished", async ({
  onTestFinished,
}) => {
  const folder = await mkdtemp(join(tmpdir(), "trc-progress-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "progress.jsonl");
  const first = await Progress.open(file);
  expect(await first.once("a", async () => ({ wrong: ["x"] }))).toEqual({ wrong: ["x"] });
  await expect(first.once("b", () => Promise.reject(new Error("interrupted")))).rejects.toThrow(
    "interrupted",
  );
  await appendFile(file, '{"name":"c","resu');

  const second = await Progress.open(file);
  expect(second.count).toBe(1);
  expect(await second.once("a", () => Promise.reject(new Error("repeated")))).toEqual({ wrong: ["x"] });
  expect(await countRuns(second, "b")).toBe(1);
  expect(await countRuns(second, "c")).toBe(1);
  expect(await countRuns(second, "c")).toBe(0);

  const third = await Progress.open(file);
  expect(third.count).toBe(3);
  expect(third.days).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d$/)]);
  expect((await readFile(file, "utf8")).split("\n").filter((line) => line !== "")).toHaveLength(3);
});

test("the results of an earlier day keep their day", async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), "trc-progress-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "progress.jsonl");
  await appendFile(file, '{"name":"a","day":"2026-01-31","result":1}\n');
  const progress = await Progress.open(file);
  expect(await progress.once("a", () => Promise.reject(new Error("repeated")))).toBe(1);
  await countRuns(progress, "b");
  expect(progress.days).toEqual(["2026-01-31", new Date().toISOString().slice(0, 10)]);
});

test("a run without a file repeats all scenarios", async () => {
  expect(await countRuns(await Progress.open(undefined), "a")).toBe(1);
  expect(await countRuns(await Progress.open(undefined), "a")).toBe(1);
});
