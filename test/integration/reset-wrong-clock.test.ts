import { expect, test } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { leftoversOfProcess } from "../support/engine.ts";

// The library reads the functions of the clock when it is loaded, so the clock is changed before. Timers are not changed.
const CHANGE_CLOCK = `
  globalThis.clock = { aheadMs: 0 };
  const { now } = Date;
  Date.now = () => now() + clock.aheadMs;`;

const RESETS = `
  const HOUR_MS = 3_600_000;
  clock.aheadMs = HOUR_MS;
  const cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  const { name } = await cluster.primaryOf("order:42");
  const [replica] = await cluster.replicasOf("order:42");
  await cluster.killPrimary("order:42");
  while (!(await replica.logs()).includes("Start of election delayed"))
    await new Promise((resolve) => setTimeout(resolve, 20));
  const first = await cluster.reset();

  // Log lines from before the last reset do not count.
  clock.aheadMs = -HOUR_MS;
  const settings = { "cluster-replica-no-failover": "yes", "cluster-node-timeout": "60000" };
  for (const { client } of cluster.nodes)
    for (const [name, value] of Object.entries(settings)) await client.config("SET", name, value);
  await cluster.killPrimary("order:42");
  const second = await cluster.reset();
  await cluster.stop();
  const restarted = [first, second].map((report) => report.restarted);
  console.log("done", JSON.stringify({ primary: name, replica: replica.name, restarted }));`;

test("a reset finds scheduled elections even if the clock of this host is wrong", async () => {
  const preload = `data:text/javascript,${encodeURIComponent(CHANGE_CLOCK)}`;
  await using program = new ChildProgram(RESETS, { NODE_OPTIONS: `--import ${preload}` });
  const { primary, replica, restarted } = await program.waitForReport("done");
  expect(restarted).toEqual([
    // The other primaries are restarted too if they reject writes because of the killed primary.
    expect.arrayContaining([primary, replica]),
    [primary],
  ]);
  await program.ended;
  expect(await leftoversOfProcess(program.pid)).toEqual([]);
});
