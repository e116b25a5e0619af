import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { runScript } from "../support/run-script.ts";
import { runKills } from "./kills.ts";

// A small part of `./dev bench soak` and `./dev reliability`.

const KILLS = 1;
/** The most memory that a cycle may keep. A leaked cluster takes some MiB for its plan, its files and the buffers of its clients. */
const MAX_KIB_PER_CYCLE = 400;

test("repeated starts and stops leave no resources and leak no memory", {
  timeout: 120_000,
}, async () => {
  const { stdout } = await runScript(`
    import { setFlagsFromString } from "node:v8";
    import { runInNewContext } from "node:vm";
    import { startRedisCluster } from "testcontainers-redis-cluster";
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc");
    const used = [];
    const fellBack = [];
    for (let cycle = 0; cycle < 10; cycle += 1) {
      const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
      if (cluster.startup.fellBackBecause !== undefined) fellBack.push(cluster.startup.fellBackBecause);
      await cluster.client.set("round", cycle);
      await cluster.stop();
      gc();
      used.push(process.memoryUsage().heapUsed / 1024);
    }
    console.log(JSON.stringify({ used, fellBack }));`);
  const { used, fellBack } = JSON.parse(stdout) as { used: number[]; fellBack: string[] };
  expect(fellBack).toEqual([]);
  // The first cycles load code. Of the other cycles, the lowest values of both halves are compared, because garbage may be
  // collected late.
  const later = used.slice(4);
  const [first, second] = [Math.min(...later.slice(0, 3)), Math.min(...later.slice(3))];
  expect((second - first) / 3).toBeLessThan(MAX_KIB_PER_CYCLE);
  expect(await leftovers()).toEqual([]);
});

test("processes killed at random moments leave nothing and affect no other cluster", {
  timeout: 120_000,
}, async () => {
  const { failures, kills } = await runKills({ kills: KILLS, withWatcher: 1, seed: randomInt(2 ** 31) });
  expect(kills).toHaveLength(KILLS + 1);
  expect(failures).toBe(0);
});
