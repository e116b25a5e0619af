import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { leftoversOfSuite, runVitest, startVitest, statuses } from "../support/run-vitest.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trc-evidence-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Returns how often a text contains a part. */
function countOccurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

test("invalid options fail only the tests that use the cluster", async () => {
  const run = await runVitest("refused");
  expect(run.exitCode).toBe(1);
  expect(statuses(run)).toEqual({
    first: "failed",
    second: "failed",
    "a block with other options third": "failed",
    "a test without a cluster": "passed",
  });
  const messages = Object.fromEntries(
    run.tests.map(({ fullName, failureMessages }) => [fullName, failureMessages.join("\n")]),
  );
  expect(messages["first"]).toContain("The cluster's options are wrong; nothing was started.");
  expect(messages["second"]).toContain('did not start for "first", and is not started again in this file');
  expect(messages["a block with other options third"]).toContain(
    "nodes: expected an integer from 1 to 100, got 101.",
  );
});

test("an unavailable image fails all tests of the file quickly with a clear error", async () => {
  const startedAt = performance.now();
  const run = await runVitest("unpulled");
  expect(performance.now() - startedAt).toBeLessThan(40_000);
  expect(run.exitCode).toBe(1);
  expect(statuses(run)).toEqual({ first: "failed", second: "failed" });
  expect(run.output).toContain("localhost:1/no-such-image:none");
  expect(run.output).toContain("is not started again in this file");
  expect(await leftoversOfSuite("unpulled")).toEqual([]);
});

test("a start that takes too long fails before the test times out and names its phase", async () => {
  const evidence = join(folder, "never");
  const run = await runVitest("never", [], { TRC_EVIDENCE: evidence });
  expect(run.exitCode).toBe(1);
  // The timeout is three quarters of the test's 8000 ms, minus the time before the cluster was requested.
  expect(run.output).toMatch(/The cluster of "waits" was not ready after (5[5-9]\d\d|6000) ms/);
  expect(run.output).toContain("phase: containers");
  expect(run.output).not.toContain("Test timed out");
  const [name = "", ...others] = await readdir(evidence);
  expect(name).toContain("failed-start-containers");
  expect(others).toEqual([]);
  expect(run.output).toContain(`Evidence: ${join(evidence, name)}`);
  expect(await readFile(join(evidence, name, "error.txt"), "utf8")).toContain("START_TIMEOUT");
  expect(await leftoversOfSuite("never")).toEqual([]);
});

test("a test that hangs times out, saves its evidence and leaves nothing", async () => {
  const evidence = join(folder, "hanging");
  const run = await runVitest("hanging", [], {
    TRC_TIMEOUT_MS: "10000",
    TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR: evidence,
  });
  expect(run.exitCode).toBe(1);
  expect(run.output).toContain("Test timed out in 10000ms");
  expect(await readdir(evidence)).toEqual([expect.stringMatching(/^hanging-test-hangs-[0-9a-f]{6}$/)]);
  expect(await leftoversOfSuite("hanging")).toEqual([]);
});

test("a failed test saves its evidence and reports the folder once and to Vitest", async () => {
  const evidence = join(folder, "failing");
  const attachments = join(folder, "attachments");
  const run = await runVitest("failing", [], {
    TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR: evidence,
    TRC_ATTACHMENTS: attachments,
  });
  expect(run.exitCode).toBe(1);
  const [name = "", ...others] = await readdir(evidence);
  expect(name).toMatch(/^failing-test-an-order-is-paid-[0-9a-f]{6}$/);
  expect(others).toEqual([]);
  const saved = join(evidence, name);
  expect(countOccurrences(run.output, `Evidence: ${saved}`)).toBe(1);
  expect(await readFile(join(saved, "README.txt"), "utf8")).toContain("an order is paid");
  expect(run.output).toContain(`artifact of "an order is paid": ${saved}, 2 files`);
  expect(existsSync(attachments)).toBe(true);
});

test("each run of a test has its own evidence folder: projects, equal names, retries", async () => {
  const evidence = join(folder, "projects");
  const run = await runVitest("projects", [], { TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR: evidence });
  expect(run.output).toContain("4 failed");
  const names = (await readdir(evidence))
    .map((name) => name.replace(/[0-9a-f]{6}(?=-|$)/, "HASH"))
    .toSorted();
  const foldersOfProject = (project: string): readonly string[] =>
    ["", "-2", "-retry-1"].map((suffix) => `${project}-projects-test-orders-an-order-is-paid-HASH${suffix}`);
  expect(names).toEqual([...foldersOfProject("redis"), ...foldersOfProject("valkey")]);
  for (const name of await readdir(evidence)) {
    const plan = JSON.parse(await readFile(join(evidence, name, "plan.json"), "utf8")) as {
      readonly name: string;
    };
    // All files of a folder belong to the same cluster.
    expect(await readFile(join(evidence, name, "README.txt"), "utf8")).toContain(plan.name);
  }
  expect(await leftoversOfSuite("projects")).toEqual([]);
});

test("a test that injects a cluster fails clearly if no cluster is provided", async () => {
  const run = await runVitest("not-provided");
  expect(run.exitCode).toBe(1);
  expect(run.output).toContain("expected options or a shared cluster, got undefined");
  expect(run.output).toContain("redisClusterGlobalSetup()");
  expect(await leftoversOfSuite("not-provided")).toEqual([]);
});

test("an interrupted run leaves no containers, networks or processes", async () => {
  const running = await startVitest("hanging", [], { TRC_TIMEOUT_MS: "60000" });
  await vi.waitFor(async () => expect(await leftoversOfSuite("hanging")).not.toEqual([]), {
    timeout: 30_000,
    interval: 50,
  });
  const { pid } = running.process;
  expect(pid).toBeDefined();
  // The signal goes to the whole process group, like Ctrl-C in a terminal.
  process.kill(-(pid as number), "SIGINT");
  if (running.process.exitCode === null && running.process.signalCode === null) {
    await once(running.process, "exit");
  }
  // The reaper or the watcher removes everything.
  await vi.waitFor(async () => expect(await leftoversOfSuite("hanging")).toEqual([]), {
    timeout: 30_000,
    interval: 200,
  });
  await vi.waitFor(() => expect(() => process.kill(-(pid as number), 0)).toThrow("ESRCH"), {
    timeout: 10_000,
  });
});
