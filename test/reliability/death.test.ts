import { setInterval } from "node:timers/promises";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, describe, expect, test, vi } from "vitest";
import { ChildProgram, isRunning } from "../support/child-program.ts";
import { docker, leftovers, leftoversOfProcess } from "../support/engine.ts";

// Processes that are killed without Testcontainers' reaper leave nothing behind.

const POLL = { timeout: 10_000, interval: 100 };
const START = `
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  console.log("up");`;

afterAll(async () => {
  expect(await leftovers()).toEqual([]);
});

/** Polls every 5 ms until the condition holds. Polling of the test runner is too slow to hit short moments. */
async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  for await (const _ of setInterval(5)) if (await condition()) return;
}

/** Returns whether a process has created a container of this kind. Only nodes have a label with their name. */
async function hasContainer(pid: number, kind: "node" | "helper"): Promise<boolean> {
  const filters = { label: [`testcontainers-redis-cluster.owner.pid=${pid}`] };
  const containers = await (await docker()).listContainers({ all: true, filters });
  return containers.some(
    ({ Labels }) => (Labels["testcontainers-redis-cluster.node"] !== undefined) === (kind === "node"),
  );
}

/** Returns the names of the volumes that a process has created. */
async function volumesOf(pid: number): Promise<readonly string[]> {
  const filters = { label: [`testcontainers-redis-cluster.owner.pid=${pid}`] };
  const { Volumes } = await (await docker()).listVolumes({ filters });
  return Volumes.map(({ Name }) => Name);
}

/** Expects that everything that a process created is removed, that its watchers end, and that nothing appears afterwards. */
async function expectNoLeftovers(pid: number, watchers: readonly number[]): Promise<void> {
  // `expect.poll` does not work here: in concurrent tests it needs the context of the test.
  await vi.waitFor(async () => expect(await leftoversOfProcess(pid)).toEqual([]), POLL);
  await vi.waitFor(() => expect(watchers.filter(isRunning)).toEqual([]), POLL);
  expect(await leftoversOfProcess(pid)).toEqual([]);
}

describe.concurrent("everything is removed if a program is killed", () => {
  test("before the network exists", async () => {
    await using program = new ChildProgram(START);
    await waitUntil(async () => (await program.watcherPids()).length > 0);
    const watchers = await program.watcherPids();
    program.kill();
    await expectNoLeftovers(program.pid, watchers);
  });

  test("while containers are created", async () => {
    await using program = new ChildProgram(`
      await startRedisCluster({
        configureNode: (_, { name }) => console.log(name),
      });`);
    await program.waitForLine("node-2");
    const watchers = await program.watcherPids();
    await waitUntil(() => hasContainer(program.pid, "node"));
    program.kill();
    await expectNoLeftovers(program.pid, watchers);
  });

  test("while the cluster is idle", async () => {
    await using program = new ChildProgram(START);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    expect(watchers).toHaveLength(1);
    program.kill();
    await expectNoLeftovers(program.pid, watchers);
  });

  test("while the helper container of a fault runs", async () => {
    await using program = new ChildProgram(`${START}
      for (;;) await (await cluster.partition([["node-0"], "rest"])).heal();`);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    await waitUntil(() => hasContainer(program.pid, "helper"));
    program.kill();
    await expectNoLeftovers(program.pid, watchers);
  });

  test("while it uses the cluster of another process, which stays", async () => {
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
    await waitUntil(() => hasContainer(program.pid, "helper"));
    program.kill();
    await expectNoLeftovers(program.pid, watchers);
    expect(await owner.client.set("still", "there")).toBe("OK");
  });

  test("while the cluster is reset, including the volumes", async () => {
    await using program = new ChildProgram(`${START}
      await cluster.kill("node-1");
      console.log("resetting");
      await cluster.reset();`);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    expect(await volumesOf(program.pid)).toHaveLength(3);
    await program.waitForLine("resetting");
    program.kill();
    await expectNoLeftovers(program.pid, watchers);
  });

  test("while the cluster is stopped", async () => {
    await using program = new ChildProgram(`${START}
      console.log("stopping");
      await cluster.stop();
      console.log("stopped");
      setInterval(() => {}, 1_000);`);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    await program.waitForLine("stopping");
    await waitUntil(async () => (await leftoversOfProcess(program.pid)).length < 7);
    program.kill();
    await expectNoLeftovers(program.pid, watchers);
  });
});

test.concurrent.for(["SIGTERM", "SIGINT"] as const)(
  "%s ends the program by the signal and leaves nothing",
  async (signal) => {
    await using program = new ChildProgram(START);
    await program.waitForLine("up");
    const watchers = await program.watcherPids();
    program.kill(signal);
    expect(await program.ended).toEqual({ code: null, signal });
    await expectNoLeftovers(program.pid, watchers);
  },
);

test("a signal handler of the program determines the exit code", async () => {
  await using program = new ChildProgram(`process.once("SIGTERM", () => process.exit(7));${START}`);
  await program.waitForLine("up");
  const watchers = await program.watcherPids();
  program.kill("SIGTERM");
  expect(await program.ended).toEqual({ code: 7, signal: null });
  await expectNoLeftovers(program.pid, watchers);
});

test("a program and its watcher end after all clusters are stopped", async () => {
  await using program = new ChildProgram(`
    const clusters = await Promise.all([1, 2].map(() => startRedisCluster({ nodes: 3, replicas: 0 })));
    console.log("up");
    for (const cluster of clusters) await cluster.stop();`);
  await program.waitForLine("up");
  const watchers = await program.watcherPids();
  expect(watchers).toHaveLength(1);
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(await leftoversOfProcess(program.pid)).toEqual([]);
  await expect.poll(() => watchers.filter(isRunning), POLL).toEqual([]);
});
