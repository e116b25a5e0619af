import { afterAll, expect, test } from "vitest";
import { leftoversOfSuite, runVitest, statuses } from "../support/run-vitest.ts";

const EXPECTED_STATUSES = {
  "a: leaves a key and a fault": "passed",
  "a: has no key and no fault": "passed",
  "b: leaves a key and a fault": "passed",
  "b: has no key and no fault": "passed",
};

afterAll(async () => {
  for (const suite of ["kept", "once", "blocks", "together", "bail"])
    expect(await leftoversOfSuite(suite)).toEqual([]);
});

test.concurrent.for([
  { pool: "forks", isolate: "--isolate", scope: "worker", clusters: 2 },
  { pool: "forks", isolate: "--no-isolate", scope: "worker", clusters: 1 },
  { pool: "threads", isolate: "--no-isolate", scope: "file", clusters: 2 },
])("each $scope has one cluster, which is reset between tests: $pool, $isolate", async (config) => {
  const args = [`--pool=${config.pool}`, config.isolate, "--no-file-parallelism"];
  const run = await runVitest("kept", args, { TRC_SCOPE: config.scope });
  expect(statuses(run)).toEqual(EXPECTED_STATUSES);
  expect(run.exitCode).toBe(0);
  expect(run.notes).toHaveLength(4);
  expect(new Set(run.notes).size).toBe(config.clusters);
});

test.concurrent("files that run at the same time use different clusters", async () => {
  const run = await runVitest("kept", ["--maxWorkers=2"]);
  expect(statuses(run)).toEqual(EXPECTED_STATUSES);
  expect(new Set(run.notes).size).toBe(2);
});

test.concurrent('concurrent tests use different clusters with the scope "test"', async () => {
  const run = await runVitest("once");
  expect(run).toMatchObject({ exitCode: 0, tests: [{ status: "passed" }, { status: "passed" }] });
  expect(new Set(run.notes).size).toBe(2);
});

test.concurrent("a block with other options uses another cluster, and the first one is kept", async () => {
  const run = await runVitest("blocks");
  expect(run.output).toContain("3 passed");
  const [before, inside, after] = run.notes;
  expect(inside).not.toBe(before);
  expect(after).toBe(before);
});

test.concurrent("concurrent tests on one cluster fail with both names and a remedy", async () => {
  const run = await runVitest("together");
  expect(run.exitCode).toBe(1);
  expect(run.output).toContain("1 failed | 1 passed");
  expect(run.output).toContain('"the other" cannot use the cluster that the test "the one" is using');
  expect(run.output).toContain('redisClusterTest({ scope: "test" })');
});

test.concurrent("--bail ends the run and leaves nothing", async () => {
  const run = await runVitest("bail", ["--bail=1"]);
  expect(run.exitCode).toBe(1);
  expect(statuses(run)).toEqual({ fails: "failed", "does not run": "pending" });
});
