import { afterEach, expect, test } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { leftovers, leftoversOfProcess } from "../support/engine.ts";
import { EngineRelay } from "../support/engine-relay.ts";

// An engine that becomes unreachable or unresponsive: programs use the real engine through a relay that can be cut or frozen.

const POLL = { timeout: 15_000, interval: 100 };

/** Defines functions that report an error in one line and that wait for a signal. */
const HELPERS = `
  const report = (word, error) => console.log(word, JSON.stringify({
    code: error.code,
    message: error.message,
    cleanup: error.details?.cleanupError?.message,
  }));
  const waitForSignal = () => new Promise((resolve) => process.once("SIGUSR2", resolve));
  const keepAlive = setInterval(() => {}, 1_000);`;

/** Starts a cluster and continues after a signal. */
const START = `${HELPERS}
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  console.log("up");
  await waitForSignal();`;

afterEach(async () => {
  await expect.poll(() => leftovers(), POLL).toEqual([]);
});

test("a start fails if the engine becomes unreachable, and the watcher cleans up later", async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `${HELPERS}
    await startRedisCluster({ configureNode: (_, { name }) => console.log(name) })
      .catch((error) => report("failed", error));`,
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
  await expect.poll(() => leftoversOfProcess(program.pid), POLL).toEqual([]);
});

test("a start times out with its phase if the engine is silent and is cleaned up later", {
  timeout: 60_000,
}, async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `${HELPERS}
    await startRedisCluster({ nodes: 4, replicas: 0, startupTimeoutMs: 3_000, configureNode: (_, { name }) => console.log(name) })
      .catch((error) => report("failed", error));`,
    relay.environment,
  );
  await program.waitForLine("node-3");
  relay.freeze();
  const { code, message, cleanup } = await program.waitForReport("failed");
  expect(code).toBe("START_TIMEOUT");
  expect(message).toContain("Starting the cluster (phase: containers): not done after 3000 ms.");
  expect(cleanup).toMatch(/^Removing what the start had created \(phase: .+\): not done after \d+ ms\./);
  relay.thaw();
  await expect.poll(() => leftoversOfProcess(program.pid), POLL).toEqual([]);
});

test("all calls report an unreachable engine, and stop() can be repeated", async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `${START}
    await cluster.kill("node-1").catch((error) => report("kill", error));
    await cluster.node("node-0").logs().catch((error) => report("logs", error));
    await cluster.isolate("node-0").catch((error) => report("isolate", error));
    await cluster.client.set("still", "there");
    await cluster.stop().catch((error) => report("stop", error));
    await waitForSignal();
    await cluster.stop();
    clearInterval(keepAlive);`,
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

test("calls time out without effects if the engine of a cluster is silent", async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `${START}
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
      const startedAt = performance.now();
      const error = await call().then(() => new Error("done"), (thrown) => thrown);
      console.log(name, JSON.stringify({ code: error.code, message: error.message, ms: performance.now() - startedAt }));
    }));
    const controller = new AbortController();
    const aborted = cluster.kill("node-1", { signal: controller.signal }).catch((error) => report("aborted", error));
    controller.abort();
    await aborted;
    await waitForSignal();
    await cluster.heal();
    const { problems } = await cluster.check();
    console.log("after", JSON.stringify({ problems, faults: cluster.activeFaults.length }));
    await cluster.stop();
    clearInterval(keepAlive);`,
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
    // Collecting the details of the error takes up to one second more.
    expect(ms, call).toBeLessThan(5_000);
  }
  expect(await program.waitForReport("aborted")).toMatchObject({ code: "WAIT_ABORTED" });
  relay.thaw();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("after")).toEqual({ problems: [], faults: 0 });
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

test("a reset fails with the state of each node if the engine is silent or unreachable", {
  timeout: 60_000,
}, async () => {
  await using relay = await EngineRelay.start();
  await using program = new ChildProgram(
    `import { on } from "node:events";
    const signals = on(process, "SIGUSR2");
    setInterval(() => {}, 1_000);
    const report = (word, { code, details }) => console.log(word, JSON.stringify({
      code, phase: details?.phase, nodes: details?.nodes?.map(({ node }) => node),
    }));
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    await cluster.kill("node-1");
    console.log("up");
    await signals.next();
    await cluster.reset({ timeoutMs: 1_500 }).catch((error) => report("silent", error));
    await signals.next();
    await cluster.reset().catch((error) => report("unreachable", error));
    await signals.next();
    await cluster.reset();
    const { problems } = await cluster.check();
    console.log("back", JSON.stringify({ problems }));
    await cluster.stop();
    process.exit();`,
    relay.environment,
  );
  const details = { phase: "Resetting the cluster", nodes: ["node-0", "node-1", "node-2"] };
  await program.waitForLine("up");
  relay.freeze();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("silent")).toEqual({ code: "WAIT_TIMEOUT", ...details });
  relay.thaw();
  await relay.cut();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("unreachable")).toEqual({ code: "ENGINE_FAILED", ...details });
  await relay.restore();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("back")).toEqual({ problems: [] });
  expect(await program.ended).toEqual({ code: 0, signal: null });
});
