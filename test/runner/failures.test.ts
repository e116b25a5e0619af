import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runVitest, startVitest, statuses } from "../support/run-vitest.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trc-evidence-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** How often a text occurs. */
function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

test("wrong options fail every test that needs the cluster, and no other", async () => {
  const run = await runVitest("refused");
  expect(run.exitCode).toBe(1);
  expect(statuses(run)).toEqual({
    first: "failed",
    second: "failed",
    "a block with other options third": "failed",
    "one that asks for no cluster": "passed",
  });
  const messages = Object.fromEntries(
    run.tests.map((each) => [each.fullName, each.failureMessages.join("\n")]),
  );
  expect(messages["first"]).toContain("The cluster's options are wrong; nothing was started.");
  expect(messages["second"]).toContain('did not start for "first", and is not started again in this file');
  expect(messages["a block with other options third"]).toContain(
    "nodes: expected an integer from 1 to 100, got 101.",
  );
});

test("an image that cannot be had is a clear error, soon, for every test of the file", async () => {
  const begun = performance.now();
  const run = await runVitest("unpulled");
  expect(performance.now() - begun).toBeLessThan(40_000);
  expect(run.exitCode).toBe(1);
  expect(statuses(run)).toEqual({ first: "failed", second: "failed" });
  expect(run.output).toContain("localhost:1/no-such-image:none");
  expect(run.output).toContain("is not started again in this file");
  expect(await leftovers()).toEqual([]);
});

test("a start that has too little time fails before Vitest's own time-out and says where it was", async () => {
  const evidence = join(folder, "never");
  const run = await runVitest("never", [], { TRC_EVIDENCE: evidence });
  expect(run.exitCode).toBe(1);
  // Three quarters of the test's 8000 ms, less what passed before the cluster was asked for.
  expect(run.output).toMatch(/The cluster of "waits" was not ready after (5[5-9]\d\d|6000) ms/);
  expect(run.output).toContain("phase: containers");
  expect(run.output).not.toContain("Test timed out");
  const [name = "", ...others] = await readdir(evidence);
  expect(name).toContain("failed-start-containers");
  expect(others).toEqual([]);
  expect(run.output).toContain(`Evidence: ${join(evidence, name)}`);
  expect(await readFile(join(evidence, name, "error.txt"), "utf8")).toContain("START_TIMEOUT");
  expect(await leftovers()).toEqual([]);
});

test("a test that hangs is ended by Vitest, its evidence is saved, and nothing is left", async () => {
  const evidence = join(folder, "hanging");
  const run = await runVitest("hanging", [], {
    TRC_TIMEOUT_MS: "10000",
    TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR: evidence,
  });
  expect(run.exitCode).toBe(1);
  expect(run.output).toContain("Test timed out in 10000ms");
  expect(await readdir(evidence)).toEqual([expect.stringMatching(/^hanging-test-hangs-[0-9a-f]{6}$/)]);
  expect(await leftovers()).toEqual([]);
});

test("a failed test's evidence is saved, its folder printed once and handed to Vitest", async () => {
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
  expect(count(run.output, `Evidence: ${saved}`)).toBe(1);
  expect(await readFile(join(saved, "README.txt"), "utf8")).toContain("an order is paid");
  expect(run.output).toContain(`artifact of "an order is paid": ${saved}, 2 files`);
  expect(existsSync(attachments)).toBe(true);
});

test("every run of a test has an evidence folder of its own: projects, namesakes, retries", async () => {
  const evidence = join(folder, "projects");
  const run = await runVitest("projects", [], { TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR: evidence });
  expect(run.output).toContain("4 failed");
  const names = (await readdir(evidence))
    .map((name) => name.replace(/[0-9a-f]{6}(?=-|$)/, "HASH"))
    .toSorted();
  const ofProject = (project: string): readonly string[] =>
    ["", "-2", "-retry-1"].map((end) => `${project}-projects-test-orders-an-order-is-paid-HASH${end}`);
  expect(names).toEqual([...ofProject("redis"), ...ofProject("valkey")]);
  for (const name of await readdir(evidence)) {
    const plan = JSON.parse(await readFile(join(evidence, name, "plan.json"), "utf8")) as {
      readonly name: string;
    };
    // All of its files are of one cluster.
    expect(await readFile(join(evidence, name, "README.txt"), "utf8")).toContain(plan.name);
  }
  expect(await leftovers()).toEqual([]);
});

test("a test that injects a cluster that nothing provides is one clear error", async () => {
  const run = await runVitest("not-provided");
  expect(run.exitCode).toBe(1);
  expect(run.output).toContain("expected options or a shared cluster, got undefined");
  expect(run.output).toContain("redisClusterGlobalSetup()");
  expect(await leftovers()).toEqual([]);
});

test("an interrupted run leaves no container, network or process", async () => {
  const running = await startVitest("hanging", [], { TRC_TIMEOUT_MS: "60000" });
  await vi.waitFor(async () => expect(await leftovers()).not.toEqual([]), { timeout: 30_000, interval: 50 });
  const { pid } = running.process;
  expect(pid).toBeDefined();
  // To the whole group, as a terminal's Ctrl-C.
  process.kill(-(pid as number), "SIGINT");
  if (running.process.exitCode === null && running.process.signalCode === null) {
    await once(running.process, "exit");
  }
  // By whoever cleans up after the dead: the reaper or, without it, the watcher.
  await vi.waitFor(async () => expect(await leftovers()).toEqual([]), { timeout: 30_000, interval: 200 });
  await vi.waitFor(() => expect(() => process.kill(-(pid as number), 0)).toThrow("ESRCH"), {
    timeout: 10_000,
  });
});
