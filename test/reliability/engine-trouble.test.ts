import { afterEach, expect, test } from "vitest";
import { leftovers, leftoversOfProcess } from "../support/engine.ts";
import { EngineRelay } from "../support/engine-relay.ts";
import { ChildProgram } from "../support/child-program.ts";

// An engine that goes away or falls silent, as a program sees it that talks to the real one by a wire of its own.

const WITHIN = { timeout: 15_000, interval: 100 };

/** Reports an error as one line. */
const TELL = `
  const tell = (word, error) => console.log(word, JSON.stringify({
    code: error.code,
    message: error.message,
    cleanup: error.details?.cleanupError?.message,
  }));
  const signalled = () => new Promise((resolve) => process.once("SIGUSR2", resolve));
  const alive = setInterval(() => {}, 1_000);`;

/** Has a cluster, and goes on when it is told to. */
const UP = `${TELL}
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  console.log("up");
  await signalled();`;

afterEach(async () => {
  await expect.poll(() => leftovers(), WITHIN).toEqual([]);
});

test("an engine that vanishes ends a start at once, with what is left; the watcher removes that later", async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `${TELL}
    await startRedisCluster({ configureNode: (_, { name }) => console.log(name) })
      .catch((error) => tell("failed", error));`,
    relay.environment,
  );
  await program.waitForLine("node-3");
  await relay.cut();
  const { code, message, cleanup } = await program.waitForReport("failed");
  expect(code).toBe("START_FAILED");
  expect(message).toMatch(
    /node-\d could not be started: .*(ECONNREFUSED|ENOENT|ECONNRESET|EPIPE|socket hang up)/,
  );
  expect(cleanup).toMatch(/Cleaning up did not work for: .*the network redis-cluster-/);
  expect(await leftoversOfProcess(program.pid)).not.toEqual([]);
  await relay.restore();
  program.kill();
  await expect.poll(() => leftoversOfProcess(program.pid), WITHIN).toEqual([]);
});

test("an engine that falls silent ends a start in time, with its phase; what was begun goes when it speaks again", {
  timeout: 60_000,
}, async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `${TELL}
    await startRedisCluster({ nodes: 4, replicas: 0, startupTimeoutMs: 3_000, configureNode: (_, { name }) => console.log(name) })
      .catch((error) => tell("failed", error));`,
    relay.environment,
  );
  await program.waitForLine("node-3");
  relay.freeze();
  const { code, message, cleanup } = await program.waitForReport("failed");
  expect(code).toBe("START_TIMEOUT");
  expect(message).toContain("Starting the cluster (phase: containers): not done after 3000 ms.");
  expect(cleanup).toMatch(/^Removing what the start had created \(phase: .+\): not done after \d+ ms\./);
  relay.thaw();
  await expect.poll(() => leftoversOfProcess(program.pid), WITHIN).toEqual([]);
});

test("an engine that is away is told of by every call that needs it, and stop() can be repeated", async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `${UP}
    await cluster.kill("node-1").catch((error) => tell("kill", error));
    await cluster.node("node-0").logs().catch((error) => tell("logs", error));
    await cluster.isolate("node-0").catch((error) => tell("isolate", error));
    await cluster.client.set("still", "there");
    await cluster.stop().catch((error) => tell("stop", error));
    await signalled();
    await cluster.stop();
    clearInterval(alive);`,
    relay.environment,
  );
  await program.waitForLine("up");
  await relay.cut();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("kill")).toMatchObject({
    code: "ENGINE_FAILED",
    message: expect.stringMatching(/^Failed to read the state of node-1: .*(ECONNREFUSED|ENOENT)/),
  });
  expect(await program.waitForReport("logs")).toMatchObject({ code: "ENGINE_FAILED" });
  expect(await program.waitForReport("isolate")).toMatchObject({
    code: expect.stringMatching(/IMAGE_UNAVAILABLE|ENGINE_FAILED/),
  });
  expect(await program.waitForReport("stop")).toMatchObject({
    code: "CLEANUP_FAILED",
    message: expect.stringContaining("the containers of redis-cluster-"),
  });
  await relay.restore();
  program.kill("SIGUSR2");
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(await leftoversOfProcess(program.pid)).toEqual([]);
});

test("an engine that falls silent under a cluster keeps no call longer than its time, and nothing is done", async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `${UP}
    const limit = { timeoutMs: 500 };
    const calls = {
      kill: () => cluster.kill("node-1", limit),
      killMaster: () => cluster.killMaster("order:42", limit),
      stopNode: () => cluster.stopNode("node-1", limit),
      restart: () => cluster.restart("node-1", limit),
      pause: () => cluster.pause("node-1", limit),
      resume: () => cluster.resume("node-1", limit),
      slowCommands: () => cluster.slowCommands("node-1", 10, limit),
      failover: () => cluster.failover("node-1", limit),
      isolate: () => cluster.isolate("node-1", limit),
      delay: () => cluster.delay("node-1", 10, limit),
    };
    await Promise.all(Object.entries(calls).map(async ([name, call]) => {
      const begun = performance.now();
      const error = await call().then(() => new Error("done"), (thrown) => thrown);
      console.log(name, JSON.stringify({ code: error.code, message: error.message, ms: performance.now() - begun }));
    }));
    const controller = new AbortController();
    const aborted = cluster.kill("node-1", { signal: controller.signal }).catch((error) => tell("aborted", error));
    controller.abort();
    await aborted;
    await signalled();
    await cluster.heal();
    const { problems } = await cluster.check();
    console.log("after", JSON.stringify({ problems, faults: cluster.activeFaults.length }));
    await cluster.stop();
    clearInterval(alive);`,
    relay.environment,
  );
  await program.waitForLine("up");
  relay.freeze();
  program.kill("SIGUSR2");
  const calls = ["kill", "killMaster", "stopNode", "restart", "pause", "resume"];
  for (const call of [...calls, "slowCommands", "failover", "isolate", "delay"]) {
    const { code, message, ms } = await program.waitForReport(call);
    expect(code, call).toBe("WAIT_TIMEOUT");
    expect(message, call).toContain(": not done after 500 ms.");
    // The error itself tells what it can within a second more.
    expect(ms, call).toBeLessThan(5_000);
  }
  expect(await program.waitForReport("aborted")).toMatchObject({ code: "WAIT_ABORTED" });
  relay.thaw();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("after")).toEqual({ problems: [], faults: 0 });
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

test("a reset ends in time while the engine is silent or away, with what is known of each node, and works again later", {
  timeout: 60_000,
}, async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `import { on } from "node:events";
    const signals = on(process, "SIGUSR2");
    setInterval(() => {}, 1_000);
    const tell = (word, { code, details }) => console.log(word, JSON.stringify({
      code, phase: details?.phase, nodes: details?.nodes?.map(({ node }) => node),
    }));
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    await cluster.kill("node-1");
    console.log("up");
    await signals.next();
    await cluster.reset({ timeoutMs: 1_500 }).catch((error) => tell("silent", error));
    await signals.next();
    await cluster.reset().catch((error) => tell("away", error));
    await signals.next();
    await cluster.reset();
    const { problems } = await cluster.check();
    console.log("back", JSON.stringify({ problems }));
    await cluster.stop();
    process.exit();`,
    relay.environment,
  );
  const told = { phase: "Resetting the cluster", nodes: ["node-0", "node-1", "node-2"] };
  await program.waitForLine("up");
  relay.freeze();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("silent")).toEqual({ code: "WAIT_TIMEOUT", ...told });
  relay.thaw();
  await relay.cut();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("away")).toEqual({ code: "ENGINE_FAILED", ...told });
  await relay.restore();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("back")).toEqual({ problems: [] });
  expect(await program.ended).toEqual({ code: 0, signal: null });
});
