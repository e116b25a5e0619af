import { type StartedRedisCluster, startRedisCluster, sweepOrphans } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CROWDED_NODE_TIMEOUT_MS } from "../support/crowded.ts";
import { exceptStuck, leftovers, leftoversOf } from "../support/engine.ts";
import { Victim } from "../support/victim.ts";

// What is left where the watcher was killed as well, beside a neighbour that lives.

const UP = `
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

/** A process that is dead, as is its watcher, and whose cluster is not. */
async function killWithWatcher(life = UP): Promise<number> {
  await using victim = new Victim(life);
  await victim.says("up");
  const watchers = await victim.watchers();
  expect(watchers).toHaveLength(1);
  for (const pid of watchers) process.kill(pid, "SIGKILL");
  victim.kill();
  await victim.ended;
  return victim.pid;
}

async function expectNeighbourUnharmed(before: readonly string[]): Promise<void> {
  expect((await leftovers(neighbour.plan.name)).toSorted()).toEqual(before.toSorted());
  expect((await neighbour.check()).problems).toEqual([]);
  expect(await neighbour.client.set("still", "there")).toBe("OK");
}

test("the next process to start a cluster sweeps it, and its neighbour's cluster stays", async () => {
  const before = await leftovers(neighbour.plan.name);
  const dead = await killWithWatcher();
  // Three nodes, their volumes and the network.
  expect(await leftoversOf(dead)).toHaveLength(7);
  await using next = new Victim(`${UP}\nawait cluster.stop();`);
  expect(await next.ended).toEqual({ code: 0, signal: null });
  expect(await leftoversOf(dead)).toEqual([]);
  await expectNeighbourUnharmed(before);
});

test("sweepOrphans tells what it would remove, removes just that, and says why it left the rest", async () => {
  const before = await leftovers(neighbour.plan.name);
  const dead = await killWithWatcher();
  const orphans = (await leftoversOf(dead)).toSorted();

  const planned = await sweepOrphans({ dryRun: true });
  expect(
    exceptStuck(planned.removed)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(orphans);
  expect((await leftoversOf(dead)).toSorted()).toEqual(orphans);

  const report = await sweepOrphans();
  expect(report.removed.map(({ name }) => name).toSorted()).toEqual(orphans);
  expect(exceptStuck(report.failed)).toEqual([]);
  expect(report.removed.every(({ pid }) => pid === dead)).toBe(true);
  const mine = report.left.filter(({ cluster }) => cluster === neighbour.plan.name);
  expect(mine.map(({ reason }) => reason)).toEqual(before.map(() => "owner-alive"));
  expect(await leftoversOf(dead)).toEqual([]);
  await expectNeighbourUnharmed(before);
});

test("two sweeps at once do no harm", async () => {
  const dead = await killWithWatcher();
  const reports = await Promise.all([sweepOrphans(), sweepOrphans()]);
  expect(exceptStuck(reports.flatMap(({ failed }) => failed))).toEqual([]);
  expect(await leftoversOf(dead)).toEqual([]);
});

test("a subnet that an orphan holds is had all the same; one that a neighbour holds is refused with its owner", async () => {
  const subnet = "10.78.0.0/24";
  const dead = await killWithWatcher(`
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0, subnet: "${subnet}" });
    console.log("up");`);
  await using again = await startRedisCluster({ nodes: 3, replicas: 0, subnet });
  expect(again.network.subnet).toBe(subnet);
  expect(await leftoversOf(dead)).toEqual([]);

  await expect(startRedisCluster({ nodes: 3, replicas: 0, subnet })).rejects.toMatchObject({
    code: "SUBNET_TAKEN",
    message: expect.stringContaining(`a cluster of process ${process.pid}, started in ${process.cwd()}`),
  });
});
