import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { leftoversOfSuite, runVitest, suiteFolder } from "../support/run-vitest.ts";

const run = promisify(execFile);

test("tests of two files use the cluster of the global set-up one after the other", async () => {
  const { exitCode, notes, output } = await runVitest("shared");
  expect(output).toContain("6 passed | 1 expected fail (7)");
  expect(exitCode).toBe(0);
  expect(notes).toHaveLength(7);
  expect(new Set(notes).size).toBe(1);
  expect(await leftoversOfSuite("shared")).toEqual([]);
});

test("a new worker receives a healthy cluster after another worker has broken it", async () => {
  const { exitCode, output } = await runVitest("down");
  expect(output).toContain("2 passed");
  expect(exitCode).toBe(0);
  expect(await leftoversOfSuite("down")).toEqual([]);
});

test("two set-ups provide two clusters, and a duplicate key is rejected", async () => {
  const { exitCode, notes, output } = await runVitest("two-shared");
  expect(output).toContain("2 passed");
  expect(exitCode).toBe(0);
  expect(new Set(notes).size).toBe(2);
  const duplicate = await runVitest("two-shared", [], { TRC_DUPLICATE_KEY: "yes" });
  expect(duplicate.exitCode).toBe(1);
  expect(duplicate.output).toContain('already has a shared cluster under the key "redisCluster"');
  expect(duplicate.notes).toEqual([]);
  expect(await leftoversOfSuite("two-shared")).toEqual([]);
});

test("a second run in watch mode passes, and quitting leaves nothing", async () => {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")),
  );
  const { stdout } = await run(
    process.execPath,
    [join(import.meta.dirname, "watch-session.ts"), "a.test.ts"],
    {
      cwd: suiteFolder("shared"),
      env: { ...environment, NO_COLOR: "1" },
      timeout: 60_000,
    },
  );
  expect(stdout.trim().split("\n")).toEqual(["passed 7 0", "passed 3 0"]);
  expect(await leftoversOfSuite("shared")).toEqual([]);
});

test("the reporter writes a page of failovers and test outcomes and prints its path", async () => {
  const folder = await mkdtemp(join(tmpdir(), "trc-page-"));
  try {
    const file = join(folder, "pages", "failovers.html");
    const { output } = await runVitest("observed", [], {
      TRC_PAGE: file,
      TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR: folder,
    });
    expect(output).toContain("1 failed | 1 passed");
    expect(output).toContain("AssertionError: this order was <b>lost</b>");
    expect(output.split(file)).toHaveLength(2);
    const page = await readFile(file, "utf8");
    expect(page).toContain("a primary is killed");
    expect(page).toContain("a replica takes over on request, and the test fails");
    expect(page).toContain("this order was &lt;b&gt;lost&lt;/b&gt;");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
