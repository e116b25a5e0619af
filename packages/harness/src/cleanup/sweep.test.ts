import { expect, test } from "vitest";
import { openCleanupEngine } from "./cleanup-engine.ts";
import { FakeEngine } from "./fake-engine.fixture.ts";
import { CLUSTER_LABEL, type Owner, ownerLabels } from "./owner.ts";
import { type SweepReport, sweep } from "./sweep.ts";
import { currentOwner } from "./current-owner.ts";

const me = await currentOwner();
/** A process that had the process id of this process before. */
const ended: Owner = { ...me, startedAt: "long ago", project: "/home/ana/shop" };

function labels(cluster: string, owner: Owner): Record<string, string> {
  return { ...ownerLabels(owner), [CLUSTER_LABEL]: cluster };
}

async function runSweep(engine: FakeEngine, dryRun = false): Promise<SweepReport> {
  const { signal } = new AbortController();
  return await sweep(openCleanupEngine(engine.address), { ...me, hasEngine: true }, { dryRun, signal });
}

function names(list: readonly { readonly name: string }[]): readonly string[] {
  return list.map(({ name }) => name);
}

test("removes orphans, containers first, and reports why other resources are left", async () => {
  await using engine = await FakeEngine.start();
  engine.add("network", "ended-net", labels("ended", ended));
  engine.add("volume", "ended-data", labels("ended", ended));
  engine.add("container", "ended-node-0", labels("ended", ended));
  engine.add("network", "my-net", labels("mine", me));
  engine.add("network", "their-net", labels("theirs", { ...ended, user: "another user" }));
  engine.add("network", "far-net", labels("far", { ...ended, machine: "another" }));
  engine.add("network", "old-net", { [CLUSTER_LABEL]: "old" });
  engine.add("network", "other-net", {});

  const report = await runSweep(engine);

  expect(engine.removed).toEqual(["ended-node-0", "ended-net", "ended-data"]);
  expect(report.failed).toEqual([]);
  expect(report.left.map(({ name, reason }) => [name, reason])).toEqual([
    ["my-net", "owner-alive"],
    ["their-net", "other-user"],
    ["far-net", "other-machine"],
    ["old-net", "unreadable"],
  ]);
  expect(report.removed).toHaveLength(3);
  expect(report.removed[0]).toEqual({
    kind: "container",
    id: "id-of-ended-node-0",
    name: "ended-node-0",
    cluster: "ended",
    pid: process.pid,
    project: "/home/ana/shop",
  });
});

test("a dry run reports the orphans and removes nothing", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "ended-node-0", labels("ended", ended));
  const report = await runSweep(engine, true);
  expect(report.dryRun).toBe(true);
  expect(names(report.removed)).toEqual(["ended-node-0"]);
  expect(engine.removed).toEqual([]);
});

test("two sweeps at the same time report no failure", async () => {
  await using engine = await FakeEngine.start();
  for (let index = 0; index < 6; index += 1) engine.add("container", `node-${index}`, labels("ended", ended));
  engine.add("network", "net", labels("ended", ended));
  const reports = await Promise.all([runSweep(engine), runSweep(engine)]);
  expect(engine.removed).toHaveLength(7);
  expect(reports.flatMap(({ failed }) => failed)).toEqual([]);
});

test("reports no failure if another process removes a container at the same time", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "node-0", labels("ended", ended));
  engine.add("network", "net", labels("ended", ended));
  engine.statuses.set("node-0", [409]);
  engine.statuses.set("net", [403, 403]);
  const sweeping = runSweep(engine);
  await expect.poll(() => engine.statuses.get("net")).toHaveLength(1);
  // The other process has removed the container.
  engine.resources = engine.resources.filter(({ kind }) => kind !== "container");
  expect((await sweeping).failed).toEqual([]);
  expect(engine.resources).toEqual([]);
});

test("reports an orphan that is not removed with the error, and removes the others", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "stuck", labels("ended", ended));
  engine.add("container", "node-1", labels("ended", ended));
  engine.statuses.set(
    "stuck",
    Array.from({ length: 20 }, () => 500),
  );
  const report = await runSweep(engine);
  expect(names(report.removed)).toEqual(["node-1"]);
  expect(report.failed).toEqual([
    expect.objectContaining({
      name: "stuck",
      error: expect.stringContaining("the test has chosen status 500"),
    }),
  ]);
});
