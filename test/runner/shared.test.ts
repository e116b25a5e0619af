import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runVitest } from "../support/run-vitest.ts";

const run = promisify(execFile);

test("two files at the same time share the cluster of the global set-up, one test after the other", async () => {
  const { exitCode, notes, output } = await runVitest("shared");
  expect(output).toContain("6 passed | 1 expected fail (7)");
  expect(exitCode).toBe(0);
  expect(notes).toHaveLength(7);
  expect(new Set(notes).size).toBe(1);
  expect(await leftovers()).toEqual([]);
});

test("a cluster that a test of another file left broken is whole for the first test of the next worker", async () => {
  const { exitCode, output } = await runVitest("down");
  expect(output).toContain("2 passed");
  expect(exitCode).toBe(0);
  expect(await leftovers()).toEqual([]);
});

test("two set-ups of one project provide a cluster each, and the same key twice is refused", async () => {
  const { exitCode, notes, output } = await runVitest("two-shared");
  expect(output).toContain("2 passed");
  expect(exitCode).toBe(0);
  expect(new Set(notes).size).toBe(2);
  const again = await runVitest("two-shared", [], { TRC_AGAIN: "yes" });
  expect(again.exitCode).toBe(1);
  expect(again.output).toContain('already has a shared cluster under the key "redisCluster"');
  expect(again.notes).toEqual([]);
  expect(await leftovers()).toEqual([]);
});

test("in watch mode a further run passes as well, and quitting leaves nothing", async () => {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")),
  );
  const { stdout } = await run(
    process.execPath,
    [join(import.meta.dirname, "watch-session.ts"), "shared", "a.test.ts"],
    {
      env: { ...environment, NO_COLOR: "1" },
      timeout: 60_000,
    },
  );
  expect(stdout.trim().split("\n")).toEqual(["passed 7 0", "passed 3 0"]);
  expect(await leftovers()).toEqual([]);
});

test("the reporter writes one page of all failovers, with their tests' outcomes, and prints its path", async () => {
  const folder = await mkdtemp(join(tmpdir(), "trc-page-"));
  try {
    const file = join(folder, "pages", "failovers.html");
    const { output } = await runVitest("observed", [], {
      TRC_PAGE: file,
      TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR: folder,
    });
    expect(output).toContain("1 failed | 1 passed");
    expect(output.split(file)).toHaveLength(2);
    const page = await readFile(file, "utf8");
    expect(page).toContain("a primary dies");
    expect(page).toContain("a replica takes over on request, and the test fails");
    expect(page).toContain("this order was &lt;b&gt;lost&lt;/b&gt;");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
