import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runScript } from "../support/run-script.ts";

// After its clusters are stopped, a program ends without output, warnings or open handles.

test("a program ends without output after its cluster is stopped", async () => {
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

test("no listeners, handles, warnings or output remain after a cluster is stopped", async () => {
  const { stdout, stderr } = await runScript(`
    import { getEventListeners } from "node:events";
    import { startRedisCluster } from "testcontainers-redis-cluster";
    const listeners = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
    const warnings = [];
    for (const event of ["warning", "unhandledRejection"]) {
      process.on(event, (reason) => warnings.push(event + ": " + (reason?.stack ?? reason)));
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
      // This fault stays active until the end. Stopping the cluster closes its open resources in this process.
      await cluster.slowCommands("node-4", 50, { signal });
    }
    await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify({
      warnings,
      listeners: JSON.stringify(listeners()) === JSON.stringify(before) ? [] : listeners(),
      onSignal: getEventListeners(signal, "abort").length,
      handles: process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|Server|Process/.test(name)),
    }));`);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ warnings: [], listeners: [], onSignal: 0, handles: [] });
});

test("a program ends after it stops its cluster during a reset", async () => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    const moments = {
      "immediately": () => {},
      "when the killed node runs": async (cluster) => {
        while ((await cluster.node("node-1").state()).status !== "running");
      },
      "when the new client connects": async (cluster, hasEnded) => {
        // The reset also closes the client of the node. Only a cluster client sends CLUSTER SLOTS.
        const clients = async () => {
          await new Promise(setImmediate);
          return await cluster.node("node-0").client.client("LIST").catch(() => "");
        };
        while (!hasEnded() && !(await clients()).includes("cmd=cluster|slots"));
      },
    };
    for (const [name, moment] of Object.entries(moments)) {
      const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
      await cluster.kill("node-1");
      let outcome;
      const resetting = cluster.reset().then(() => "done", (error) => error.code).then((result) => { outcome = result; });
      await moment(cluster, () => outcome !== undefined);
      await cluster.stop();
      await resetting;
      console.log(name + ": " + outcome);
    }`);
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual([
    "immediately: CLUSTER_STOPPED",
    "when the killed node runs: CLUSTER_STOPPED",
    // The reset may end before the cluster is stopped.
    expect.stringMatching(/^when the new client connects: (CLUSTER_STOPPED|done)$/),
  ]);
  expect(await leftovers()).toEqual([]);
});

test.for([
  ["fails", `{ config: { "no-such-directive": "1" } }`, "NODE_EXITED"],
  ["is aborted", "{ signal: AbortSignal.timeout(400) }", "START_ABORTED"],
  ["times out", "{ startupTimeoutMs: 400 }", "START_TIMEOUT"],
  [
    "waits for a callback that never ends",
    "{ startupTimeoutMs: 2_000, configureNode: (_, { index }) => index < 2 ? undefined : new Promise(() => {}) }",
    "START_TIMEOUT",
  ],
] as const)("a program ends if its start %s", async ([, options, code]) => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    await startRedisCluster(${options}).catch((error) => console.log(error.code));`);
  expect([stdout, stderr]).toEqual([`${code}\n`, ""]);
  expect(await leftovers()).toEqual([]);
});
