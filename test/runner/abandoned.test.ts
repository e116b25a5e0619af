import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leftoversOfSuite, runVitest } from "../support/run-vitest.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trc-evidence-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.for([
  { suite: "abandoned", file: "own", passed: 2 },
  { suite: "abandoned-shared", file: "a", passed: 32 },
])("a test that has timed out does not affect later tests: $suite", async ({ suite, file, passed }) => {
  const run = await runVitest(suite, [], { TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR: folder });
  expect(run.output).toContain(`2 failed | ${passed} passed`);
  expect(run.output).toMatch(new RegExp(`FAIL .*${file}: times out while it observes`));
  expect(run.output).toMatch(new RegExp(`FAIL .*${file}: times out while it waits for a primary to kill`));
  expect(run.output).toContain("Test timed out in 4000ms");
  // All tests used the same cluster.
  expect(run.notes).toHaveLength(passed);
  expect(new Set(run.notes).size).toBe(1);
  expect(await leftoversOfSuite(suite)).toEqual([]);
});
