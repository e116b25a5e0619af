import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { cleanUpAfter } from "./clean-up-after.ts";
import { EngineHttp } from "./engine-http.ts";
import { FakeEngine } from "./fake-engine.fixture.ts";
import { type Owner, ownerLabels } from "./owner.ts";
import { processState } from "./process-state.ts";
import { thisOwner } from "./this-owner.ts";

const QUICK = { quietMs: 150, everyMs: 20, giveUpMs: 5_000 };
const me = await thisOwner();
const dead: Owner = { ...me, startedAt: "long ago" };

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

test("after its owner's death everything goes, containers before the network, and nobody else's", async () => {
  await using engine = await FakeEngine.start();
  engine.add("network", "net", ownerLabels(dead));
  engine.add("container", "node-0", ownerLabels(dead));
  engine.add("network", "the neighbour's", ownerLabels({ ...dead, pid: dead.pid + 1 }));
  expect(await cleanUpAfter(dead, new EngineHttp(engine.address), QUICK)).toBe(true);
  expect(engine.removed).toEqual(["node-0", "net"]);
});

test("an engine that refuses at first is asked again", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "node-0", ownerLabels(dead));
  engine.add("network", "net", ownerLabels(dead));
  engine.refusals = 12;
  engine.answers.set("node-0", [500, 500]);
  expect(await cleanUpAfter(dead, new EngineHttp(engine.address), QUICK)).toBe(true);
  expect(engine.removed).toEqual(["node-0", "net"]);
});

test("an engine that goes on refusing is given up, and that is said", async () => {
  await using engine = await FakeEngine.start();
  engine.refusals = Number.POSITIVE_INFINITY;
  const patience = { ...QUICK, giveUpMs: 300 };
  expect(await cleanUpAfter(dead, new EngineHttp(engine.address), patience)).toBe(false);
});

test("a container whose making the dead had just asked for is found when it appears", async () => {
  await using engine = await FakeEngine.start();
  engine.add("network", "net", ownerLabels(dead));
  const cleaning = cleanUpAfter(dead, new EngineHttp(engine.address), QUICK);
  await expect.poll(() => engine.removed).toEqual(["net"]);
  engine.add("container", "late", ownerLabels(dead));
  expect(await cleaning).toBe(true);
  expect(engine.removed).toEqual(["net", "late"]);
});

test("while the owner lives the engine is not even asked", async () => {
  await using engine = await FakeEngine.start();
  child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const state = await processState(child.pid ?? 0);
  const startedAt = (state.kind === "running" ? state.startedAt : undefined) ?? "";
  const owner: Owner = { ...me, pid: child.pid ?? 0, startedAt };
  engine.add("container", "node-0", ownerLabels(owner));
  const cleaning = cleanUpAfter(owner, new EngineHttp(engine.address), QUICK);
  // A neighbour's cleaning up takes longer than this one would need.
  await cleanUpAfter(dead, new EngineHttp(engine.address), { ...QUICK, quietMs: 300 });
  expect(engine.removed).toEqual([]);

  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  expect(await cleaning).toBe(true);
  expect(engine.removed).toEqual(["node-0"]);
});
