import { setInterval } from "node:timers/promises";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, describe, expect, test, vi } from "vitest";
import { docker, leftovers, leftoversOfProcess } from "../support/engine.ts";
import { ChildProgram, isRunning } from "../support/child-program.ts";

// What a process leaves that dies where Testcontainers' reaper is off.

const WITHIN = { timeout: 10_000, interval: 100 };
const UP = `
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  console.log("up");`;

afterAll(async () => {
  expect(await leftovers()).toEqual([]);
});

/** Asks every few milliseconds until it is so. Quicker than a poll of the test runner: moments are to be hit. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for await (const _ of setInterval(5)) if (await isSo()) return;
}

/** Whether something that a process made has this kind: nodes are labelled as such, a fault's helper is not. */
async function hasContainer(pid: number, kind: "node" | "helper"): Promise<boolean> {
  const filters = { label: [`testcontainers-redis-cluster.owner.pid=${pid}`] };
  const containers = await (await docker()).listContainers({ all: true, filters });
  return containers.some(
    ({ Labels }) => (Labels["testcontainers-redis-cluster.node"] !== undefined) === (kind === "node"),
  );
}

/** Names of the volumes that a process has made. */
async function volumesOf(pid: number): Promise<readonly string[]> {
  const filters = { label: [`testcontainers-redis-cluster.owner.pid=${pid}`] };
  const { Volumes } = await (await docker()).listVolumes({ filters });
  return Volumes.map(({ Name }) => Name);
}

/** After the kill nothing is left, and nothing comes later; then the watcher has ended, too. */
async function expectNothingOf(pid: number, watchers: readonly number[]): Promise<void> {
  // Not by `expect.poll`, which concurrent tests would need a context for.
  await vi.waitFor(async () => expect(await leftoversOfProcess(pid)).toEqual([]), WITHIN);
  await vi.waitFor(() => expect(watchers.filter(isRunning)).toEqual([]), WITHIN);
  expect(await leftoversOfProcess(pid)).toEqual([]);
}

describe.concurrent("a SIGKILL leaves nothing", () => {
  test("before the network exists", async () => {
    await using program = new ChildProgram(UP);
    await until(async () => (await program.watcherPids()).length > 0);
    const watchers = await program.watcherPids();
    program.kill();
    await expectNothingOf(program.pid, watchers);
  });

  test("while containers are made", async () => {
    await using program = new ChildProgram(`
      await startRedisCluster({
        configureNode: (_, { name }) => console.log(name),
      });`);
    await program.waitForLine("node-2");
    const watchers = await program.watcherPids();
    await until(() => hasContainer(program.pid, "node"));
    program.kill();
    await expectNothingOf(program.pid, watchers);
  });

  test("while the cluster idles", async () => {
    await using program = new ChildProgram(UP);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    expect(watchers).toHaveLength(1);
    program.kill();
    await expectNothingOf(program.pid, watchers);
  });

  test("while the helper of a fault runs", async () => {
    await using program = new ChildProgram(`${UP}
      for (;;) await (await cluster.partition([["node-0"], "rest"])).heal();`);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    await until(() => hasContainer(program.pid, "helper"));
    program.kill();
    await expectNothingOf(program.pid, watchers);
  });

  test("of a process that only connected, while the helper of its fault runs; the cluster stays", async () => {
    await using owner = await startRedisCluster({ nodes: 3, replicas: 0 });
    await using program = new ChildProgram(
      `import { connectRedisCluster } from "testcontainers-redis-cluster";
      const cluster = await connectRedisCluster(JSON.parse(process.env.SHARED));
      console.log("up");
      for (;;) await (await cluster.loss("node-0", 0.001)).heal();`,
      { SHARED: JSON.stringify(await owner.share()) },
    );
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    expect(watchers).toHaveLength(1);
    await until(() => hasContainer(program.pid, "helper"));
    program.kill();
    await expectNothingOf(program.pid, watchers);
    expect(await owner.client.set("still", "there")).toBe("OK");
  });

  test("while the cluster is reset, and volumes go with their containers", async () => {
    await using program = new ChildProgram(`${UP}
      await cluster.kill("node-1");
      console.log("resetting");
      await cluster.reset();`);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    expect(await volumesOf(program.pid)).toHaveLength(3);
    await program.waitForLine("resetting");
    program.kill();
    await expectNothingOf(program.pid, watchers);
  });

  test("while the cluster is stopped", async () => {
    await using program = new ChildProgram(`${UP}
      console.log("stopping");
      await cluster.stop();
      console.log("stopped");
      setInterval(() => {}, 1_000);`);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    await program.waitForLine("stopping");
    await until(async () => (await leftoversOfProcess(program.pid)).length < 7);
    program.kill();
    await expectNothingOf(program.pid, watchers);
  });
});

test.concurrent.for(["SIGTERM", "SIGINT"] as const)(
  "%s ends the program as ever, and leaves nothing",
  async (signal) => {
    await using program = new ChildProgram(UP);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    program.kill(signal);
    expect(await program.ended).toEqual({ code: null, signal });
    await expectNothingOf(program.pid, watchers);
  },
);

test("a program's own handler of a signal decides the exit code", async () => {
  await using program = new ChildProgram(`process.once("SIGTERM", () => process.exit(7));${UP}`);
  await program.waitForLine("up");
  const watchers = await program.watcherPids();
  program.kill("SIGTERM");
  expect(await program.ended).toEqual({ code: 7, signal: null });
  await expectNothingOf(program.pid, watchers);
});

test("a program that stops all its clusters ends by itself, and its one watcher goes with it", async () => {
  await using program = new ChildProgram(`
    const clusters = await Promise.all([1, 2].map(() => startRedisCluster({ nodes: 3, replicas: 0 })));
    console.log("up");
    for (const cluster of clusters) await cluster.stop();`);
  await program.waitForLine("up");
  const watchers = await program.watcherPids();
  expect(watchers).toHaveLength(1);
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(await leftoversOfProcess(program.pid)).toEqual([]);
  await expect.poll(() => watchers.filter(isRunning), WITHIN).toEqual([]);
});
