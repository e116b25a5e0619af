import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { cleanUpAfterOwner } from "./clean-up-after-owner.ts";
import { openCleanupEngine } from "./cleanup-engine.ts";
import { FakeEngine } from "./fake-engine.fixture.ts";
import { type Owner, ownerLabels } from "./owner.ts";
import { readProcessState } from "./process-state.ts";
import { currentOwner } from "./current-owner.ts";

const FAST = { quietMs: 150, everyMs: 20, timeoutMs: 5_000 };
const me = await currentOwner();
const ended: Owner = { ...me, startedAt: "long ago" };

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

test("removes the resources of an ended owner only, containers before networks", async () => {
  await using engine = await FakeEngine.start();
  engine.add("network", "net", ownerLabels(ended));
  engine.add("container", "node-0", ownerLabels(ended));
  engine.add("network", "network of another owner", ownerLabels({ ...ended, pid: ended.pid + 1 }));
  expect(await cleanUpAfterOwner(ended, openCleanupEngine(engine.address), FAST)).toBe(true);
  expect(engine.removed).toEqual(["node-0", "net"]);
});

test("retries if requests to the engine fail at first", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "node-0", ownerLabels(ended));
  engine.add("network", "net", ownerLabels(ended));
  engine.failures = 12;
  engine.statuses.set("node-0", [500, 500]);
  expect(await cleanUpAfterOwner(ended, openCleanupEngine(engine.address), FAST)).toBe(true);
  expect(engine.removed).toEqual(["node-0", "net"]);
});

test("returns false after the timeout if all requests to the engine fail", async () => {
  await using engine = await FakeEngine.start();
  engine.failures = Number.POSITIVE_INFINITY;
  const timing = { ...FAST, timeoutMs: 300 };
  expect(await cleanUpAfterOwner(ended, openCleanupEngine(engine.address), timing)).toBe(false);
});

test("removes a container that appears after the end of its owner", async () => {
  await using engine = await FakeEngine.start();
  engine.add("network", "net", ownerLabels(ended));
  const cleaning = cleanUpAfterOwner(ended, openCleanupEngine(engine.address), FAST);
  await expect.poll(() => engine.removed).toEqual(["net"]);
  engine.add("container", "late", ownerLabels(ended));
  expect(await cleaning).toBe(true);
  expect(engine.removed).toEqual(["net", "late"]);
});

test("sends no request to the engine while the owner is alive", async () => {
  await using engine = await FakeEngine.start();
  child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const state = await readProcessState(child.pid ?? 0);
  const startedAt = (state.kind === "running" ? state.startedAt : undefined) ?? "";
  const owner: Owner = { ...me, pid: child.pid ?? 0, startedAt };
  engine.add("container", "node-0", ownerLabels(owner));
  const cleaning = cleanUpAfterOwner(owner, openCleanupEngine(engine.address), FAST);
  // Waits for longer than the cleanup needs if the owner has ended.
  await cleanUpAfterOwner(ended, openCleanupEngine(engine.address), { ...FAST, quietMs: 300 });
  expect(engine.removed).toEqual([]);

  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  expect(await cleaning).toBe(true);
  expect(engine.removed).toEqual(["node-0"]);
});
