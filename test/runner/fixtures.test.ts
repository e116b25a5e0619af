import { afterAll, expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runVitest, statuses } from "../support/run-vitest.ts";

const KEPT = {
  "a: leaves a key and a fault": "passed",
  "a: sees neither": "passed",
  "b: leaves a key and a fault": "passed",
  "b: sees neither": "passed",
};

afterAll(async () => {
  expect(await leftovers()).toEqual([]);
});

test.concurrent.for([
  { pool: "forks", isolate: "--isolate", scope: "worker", clusters: 2 },
  { pool: "forks", isolate: "--no-isolate", scope: "worker", clusters: 1 },
  { pool: "threads", isolate: "--no-isolate", scope: "worker", clusters: 1 },
  { pool: "threads", isolate: "--no-isolate", scope: "file", clusters: 2 },
])("a cluster is kept for its $scope and reset between tests: $pool, $isolate", async (each) => {
  const args = [`--pool=${each.pool}`, each.isolate, "--no-file-parallelism"];
  const run = await runVitest("kept", args, { TRC_SCOPE: each.scope });
  expect(statuses(run)).toEqual(KEPT);
  expect(run.exitCode).toBe(0);
  expect(run.notes).toHaveLength(4);
  expect(new Set(run.notes).size).toBe(each.clusters);
});

test.concurrent("files that run at the same time have clusters of their own", async () => {
  const run = await runVitest("kept", ["--maxWorkers=2"]);
  expect(statuses(run)).toEqual(KEPT);
  expect(new Set(run.notes).size).toBe(2);
});

test.concurrent('with scope "test" concurrent tests are isolated', async () => {
  const run = await runVitest("once");
  expect(run).toMatchObject({ exitCode: 0, tests: [{ status: "passed" }, { status: "passed" }] });
  expect(new Set(run.notes).size).toBe(2);
});

test.concurrent("a block with other options gets another cluster, and the file's own is kept meanwhile", async () => {
  const run = await runVitest("blocks");
  expect(run.output).toContain("3 passed");
  const [before, inside, after] = run.notes;
  expect(inside).not.toBe(before);
  expect(after).toBe(before);
});

test.concurrent("concurrent tests on one cluster are refused, with both their names and what to do", async () => {
  const run = await runVitest("together");
  expect(run.exitCode).toBe(1);
  expect(run.output).toContain("1 failed | 1 passed");
  expect(run.output).toContain('"the other" cannot use the cluster that the test "the one" is using');
  expect(run.output).toContain('redisClusterTest({ scope: "test" })');
});

test.concurrent("--bail ends the run and leaves nothing", async () => {
  const run = await runVitest("bail", ["--bail=1"]);
  expect(run.exitCode).toBe(1);
  expect(statuses(run)).toEqual({ fails: "failed", "is not run any more": "pending" });
});
