import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runScript } from "../support/run-script.ts";

// What a program hears of the library once its clusters are stopped: nothing.

test("a process whose cluster has been stopped ends by itself, without a word", async () => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    {
      await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
      await cluster.client.set("x", "1");
      await cluster.node("node-1").client.ping();
      await cluster.kill("node-2");
    }
    console.log("stopped");`);
  expect(stdout).toBe("stopped\n");
  expect(stderr).toBe("");
});

test("whatever a program did, no listener, handle or warning is left, and nothing was printed", async () => {
  const { stdout, stderr } = await runScript(`
    import { getEventListeners } from "node:events";
    import { startRedisCluster } from "testcontainers-redis-cluster";
    const listeners = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
    const told = [];
    for (const event of ["warning", "unhandledRejection"]) {
      process.on(event, (what) => told.push(event + ": " + (what?.stack ?? what)));
    }
    const before = listeners();
    const { signal } = new AbortController();
    {
      await using cluster = await startRedisCluster({ signal, nodeTimeoutMs: 500 });
      const own = await cluster.connect({}, { signal });
      await own.set("order:42", "paid");
      const workload = await cluster.startWorkload({ writers: 2 }, { signal });
      await cluster.observeFailover(() => cluster.killMaster("order:42", { signal }), { signal });
      await workload.stop({ signal });
      await cluster.reset({ signal });
      await using cut = await cluster.isolate("node-0", { signal });
      await cut.heal({ signal });
      await (await cluster.lease({ signal }))[Symbol.asyncDispose]();
      (await cluster.node("node-1").logStream({ signal })).destroy();
      await cluster.pause("node-2", { signal });
      await cluster.waitUntilHealthy({ timeoutMs: 100, signal }).catch(() => {});
      await cluster.kill("node-3", { signal });
      // In force to the end: what it has open in this process goes with the cluster.
      await cluster.slowCommands("node-4", 50, { signal });
    }
    await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify({
      told,
      listeners: JSON.stringify(listeners()) === JSON.stringify(before) ? [] : listeners(),
      onSignal: getEventListeners(signal, "abort").length,
      handles: process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|Server|Process/.test(name)),
    }));`);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ told: [], listeners: [], onSignal: 0, handles: [] });
});

test("a program that stops its cluster in the middle of a reset ends by itself as well", async () => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    const moments = {
      "at once": () => {},
      "when the dead node runs": async (cluster) => {
        while ((await cluster.node("node-1").state()).status !== "running");
      },
      "when the new client connects": async (cluster, over) => {
        // The reset cuts the node's client off, too. Only a client of the cluster asks for slots.
        const clients = async () => {
          await new Promise(setImmediate);
          return await cluster.node("node-0").client.client("LIST").catch(() => "");
        };
        while (!over() && !(await clients()).includes("cmd=cluster|slots"));
      },
    };
    for (const [name, moment] of Object.entries(moments)) {
      const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
      await cluster.kill("node-1");
      let outcome;
      const resetting = cluster.reset().then(() => "done", (error) => error.code).then((how) => { outcome = how; });
      await moment(cluster, () => outcome !== undefined);
      await cluster.stop();
      await resetting;
      console.log(name + ": " + outcome);
    }`);
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual([
    "at once: CLUSTER_STOPPED",
    "when the dead node runs: CLUSTER_STOPPED",
    // It may have been quicker.
    expect.stringMatching(/^when the new client connects: (CLUSTER_STOPPED|done)$/),
  ]);
  expect(await leftovers()).toEqual([]);
});

test.for([
  ["fails", `{ config: { "no-such-directive": "1" } }`, "NODE_EXITED"],
  ["is aborted", "{ signal: AbortSignal.timeout(400) }", "START_ABORTED"],
  ["is out of time", "{ startupTimeoutMs: 400 }", "START_TIMEOUT"],
  [
    "waits for a function that never ends",
    "{ startupTimeoutMs: 2_000, configureNode: (_, { index }) => index < 2 ? undefined : new Promise(() => {}) }",
    "START_TIMEOUT",
  ],
] as const)("a program whose start %s ends by itself as well", async ([, options, code]) => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    await startRedisCluster(${options}).catch((error) => console.log(error.code));`);
  expect([stdout, stderr]).toEqual([`${code}\n`, ""]);
  expect(await leftovers()).toEqual([]);
});
