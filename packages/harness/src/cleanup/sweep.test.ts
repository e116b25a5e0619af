import { expect, test } from "vitest";
import { EngineHttp } from "./engine-http.ts";
import { FakeEngine } from "./fake-engine.fixture.ts";
import { CLUSTER_LABEL, type Owner, ownerLabels } from "./owner.ts";
import { type SweepReport, sweep } from "./sweep.ts";
import { thisOwner } from "./this-owner.ts";

const me = await thisOwner();
/** Another process had this one's number before. */
const dead: Owner = { ...me, startedAt: "long ago", project: "/home/ana/shop" };

function labels(cluster: string, owner: Owner): Record<string, string> {
  return { ...ownerLabels(owner), [CLUSTER_LABEL]: cluster };
}

async function sweptBy(engine: FakeEngine, dryRun = false): Promise<SweepReport> {
  const { signal } = new AbortController();
  return await sweep(new EngineHttp(engine.address), { ...me, hasEngine: true }, { dryRun, signal });
}

function names(list: readonly { readonly name: string }[]): readonly string[] {
  return list.map(({ name }) => name);
}

test("what the dead left goes, containers before networks, and all else stays with its reason", async () => {
  await using engine = await FakeEngine.start();
  engine.add("network", "dead-net", labels("dead", dead));
  engine.add("volume", "dead-data", labels("dead", dead));
  engine.add("container", "dead-node-0", labels("dead", dead));
  engine.add("network", "my-net", labels("mine", me));
  engine.add("network", "their-net", labels("theirs", { ...dead, user: "somebody else" }));
  engine.add("network", "far-net", labels("far", { ...dead, machine: "another" }));
  engine.add("network", "old-net", { [CLUSTER_LABEL]: "old" });
  engine.add("network", "a-stranger's", {});

  const report = await sweptBy(engine);

  expect(engine.removed).toEqual(["dead-node-0", "dead-net", "dead-data"]);
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
    id: "id-of-dead-node-0",
    name: "dead-node-0",
    cluster: "dead",
    pid: process.pid,
    project: "/home/ana/shop",
  });
});

test("a dry run tells the same and removes nothing", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "dead-node-0", labels("dead", dead));
  const report = await sweptBy(engine, true);
  expect(report.dryRun).toBe(true);
  expect(names(report.removed)).toEqual(["dead-node-0"]);
  expect(engine.removed).toEqual([]);
});

test("two sweeps at once remove everything and report no failure", async () => {
  await using engine = await FakeEngine.start();
  for (let index = 0; index < 6; index += 1) engine.add("container", `node-${index}`, labels("dead", dead));
  engine.add("network", "net", labels("dead", dead));
  const reports = await Promise.all([sweptBy(engine), sweptBy(engine)]);
  expect(engine.removed).toHaveLength(7);
  expect(reports.flatMap(({ failed }) => failed)).toEqual([]);
});

test("a container that somebody else is removing, and the network that has to wait for it, are no failures", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "node-0", labels("dead", dead));
  engine.add("network", "net", labels("dead", dead));
  engine.answers.set("node-0", [409]);
  engine.answers.set("net", [403, 403]);
  const sweeping = sweptBy(engine);
  await expect.poll(() => engine.answers.get("net")).toHaveLength(1);
  // The other one is done.
  engine.resources = engine.resources.filter(({ kind }) => kind !== "container");
  expect((await sweeping).failed).toEqual([]);
  expect(engine.resources).toEqual([]);
});

test("what the engine does not remove is reported in the engine's words, and the rest goes", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "stuck", labels("dead", dead));
  engine.add("container", "node-1", labels("dead", dead));
  engine.answers.set(
    "stuck",
    Array.from({ length: 20 }, () => 500),
  );
  const report = await sweptBy(engine);
  expect(names(report.removed)).toEqual(["node-1"]);
  expect(report.failed).toEqual([
    expect.objectContaining({ name: "stuck", error: expect.stringContaining("this is answer 500") }),
  ]);
});
