import { type StartedRedisCluster, startRedisCluster, sweepOrphans } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { CROWDED_NODE_TIMEOUT_MS } from "../support/crowded.ts";
import { exceptStuck, leftovers, leftoversOfProcess } from "../support/engine.ts";

// Sweeps after a program and its watcher were killed, while the cluster of another process (the neighbour) is running.

const START = `
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  console.log("up");`;

let neighbour: StartedRedisCluster;
beforeAll(async () => {
  neighbour = await startRedisCluster({ nodes: 3, replicas: 0, nodeTimeoutMs: CROWDED_NODE_TIMEOUT_MS });
});
afterAll(async () => {
  await neighbour?.stop();
  expect(await leftovers()).toEqual([]);
});

/** Kills a program and its watcher, so that its cluster is orphaned. Returns the pid of the program. */
async function killWithWatcher(source = START): Promise<number> {
  await using program = new ChildProgram(source);
  await program.waitForLine("up");
  const watchers = await program.watcherPids();
  expect(watchers).toHaveLength(1);
  for (const pid of watchers) process.kill(pid, "SIGKILL");
  program.kill();
  await program.ended;
  return program.pid;
}

async function expectNeighbourUnchanged(before: readonly string[]): Promise<void> {
  expect((await leftovers(neighbour.plan.name)).toSorted()).toEqual(before.toSorted());
  expect((await neighbour.check()).problems).toEqual([]);
  expect(await neighbour.client.set("still", "there")).toBe("OK");
}

test("the next start removes an orphaned cluster and keeps the neighbour's cluster", async () => {
  const before = await leftovers(neighbour.plan.name);
  const deadPid = await killWithWatcher();
  // Three containers, three volumes and a network.
  expect(await leftoversOfProcess(deadPid)).toHaveLength(7);
  await using next = new ChildProgram(`${START}\nawait cluster.stop();`);
  expect(await next.ended).toEqual({ code: 0, signal: null });
  expect(await leftoversOfProcess(deadPid)).toEqual([]);
  await expectNeighbourUnchanged(before);
});

test("sweepOrphans removes what its dry run reports, and gives reasons for the rest", async () => {
  const before = await leftovers(neighbour.plan.name);
  const deadPid = await killWithWatcher();
  const orphans = (await leftoversOfProcess(deadPid)).toSorted();

  const planned = await sweepOrphans({ dryRun: true });
  expect(
    exceptStuck(planned.removed)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(orphans);
  expect((await leftoversOfProcess(deadPid)).toSorted()).toEqual(orphans);

  const report = await sweepOrphans();
  expect(report.removed.map(({ name }) => name).toSorted()).toEqual(orphans);
  expect(exceptStuck(report.failed)).toEqual([]);
  expect(report.removed.every(({ pid }) => pid === deadPid)).toBe(true);
  const mine = report.left.filter(({ cluster }) => cluster === neighbour.plan.name);
  expect(mine.map(({ reason }) => reason)).toEqual(before.map(() => "owner-alive"));
  expect(await leftoversOfProcess(deadPid)).toEqual([]);
  await expectNeighbourUnchanged(before);
});

test("two concurrent sweeps do not fail", async () => {
  const deadPid = await killWithWatcher();
  const reports = await Promise.all([sweepOrphans(), sweepOrphans()]);
  expect(exceptStuck(reports.flatMap(({ failed }) => failed))).toEqual([]);
  expect(await leftoversOfProcess(deadPid)).toEqual([]);
});

test("a start takes the subnet of an orphan and rejects one of a running process", async () => {
  const subnet = "10.78.0.0/24";
  const deadPid = await killWithWatcher(`
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0, subnet: "${subnet}" });
    console.log("up");`);
  await using again = await startRedisCluster({ nodes: 3, replicas: 0, subnet });
  expect(again.network.subnet).toBe(subnet);
  expect(await leftoversOfProcess(deadPid)).toEqual([]);

  await expect(startRedisCluster({ nodes: 3, replicas: 0, subnet })).rejects.toMatchObject({
    code: "SUBNET_TAKEN",
    message: expect.stringContaining(`a cluster of process ${process.pid}, started in ${process.cwd()}`),
  });
});
