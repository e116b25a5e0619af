import type { RedisClusterFixtures, RedisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { note } from "../../../support/note.ts";

const KEY = "order:42";

type Call = (fixtures: Omit<RedisClusterFixtures, "clusterOptions">) => Promise<unknown>;

/** All calls that an abandoned test function may still make with its fixtures. */
const CALLS: Readonly<Record<string, Call>> = {
  "faults.kill": ({ faults }) => faults.kill("node-0"),
  "faults.killMaster": ({ faults }) => faults.killMaster(KEY),
  "faults.pause": ({ faults }) => faults.pause("node-0"),
  "faults.restart": ({ faults }) => faults.restart("node-0"),
  "faults.isolate": ({ faults }) => faults.isolate("node-0"),
  "faults.delay": ({ faults }) => faults.delay("node-0", 50),
  "faults.observeFailover": ({ faults }) => faults.observeFailover(async () => {}),
  "faults.heal": ({ faults }) => faults.heal(),
  "cluster.view": ({ cluster }) => cluster.view(),
  "cluster.primaryOf": ({ cluster }) => cluster.primaryOf(KEY),
  "cluster.connect": ({ cluster }) => cluster.connect(),
  "cluster.clientOptions": async ({ cluster }) => cluster.clientOptions(),
  "cluster.lease": ({ cluster }) => cluster.lease(),
  "cluster.reset": ({ cluster }) => cluster.reset(),
  "cluster.stop": ({ cluster }) => cluster.stop(),
  workload: ({ workload }) => workload(),
  "node.client": async ({ nodes }) => nodes[0]?.client.set(KEY, "late"),
  "node.logs": async ({ nodes }) => nodes[0]?.logs(),
  redis: ({ redis }) => redis.set(KEY, "late"),
};

/** Returns how a call ended: "done", or the code or message of its error. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return code ?? message;
  }
}

/** Declares tests, two of which time out while their functions continue. They must not affect the next test. */
export function abandonedTests(file: string, test: RedisClusterTest): void {
  const nextTest = Promise.withResolvers<void>();
  const lateOutcomes = Promise.withResolvers<Readonly<Record<string, string>>>();
  let observation: Promise<string> | undefined;
  let kill: Promise<string> | undefined;

  test(`${file}: starts the cluster`, { timeout: 60_000 }, async ({ cluster }) => {
    note(cluster.plan.name);
    await expect(cluster).toBeHealthy();
  });

  test(`${file}: times out while it observes`, { timeout: 4_000 }, async ({
    cluster,
    redis,
    nodes,
    faults,
    workload,
  }) => {
    const fixtures = { cluster, redis, nodes, faults, workload };
    await workload({ writers: 1 });
    await cluster.slowCommands("node-1", 10);
    observation = outcomeOf(faults.observeFailover(async () => {}, { withinMs: 120_000 }));
    await observation;
    await nextTest.promise;
    const outcomes = await Promise.all(
      Object.entries(CALLS).map(async ([name, call]) => [name, await outcomeOf(call(fixtures))] as const),
    );
    lateOutcomes.resolve(Object.fromEntries(outcomes));
  });

  test(`${file}: times out while it waits for a primary to kill`, { timeout: 4_000 }, async ({ faults }) => {
    await faults.killMaster(KEY);
    kill = outcomeOf(faults.killMaster(KEY, { timeoutMs: 120_000 }));
    await kill;
    await new Promise(() => {});
  });

  test(`${file}: is not affected`, { timeout: 30_000 }, async ({ cluster, redis }) => {
    note(cluster.plan.name);
    expect(await observation).toBe("TURN_OVER");
    expect(await kill).toBe("TURN_OVER");
    nextTest.resolve();
    const expected = Object.keys(CALLS).map((name) => [
      name,
      name === "redis" ? "Connection is closed." : "TURN_OVER",
    ]);
    expect(await lateOutcomes.promise).toEqual(Object.fromEntries(expected));
    await expect(cluster).toBeHealthy();
    expect(cluster.activeFaults).toEqual([]);
    expect(cluster.history.faults).toEqual([]);
    expect(await redis.set(KEY, "mine")).toBe("OK");
    for (const node of await cluster.primaries()) {
      expect(await node.client.dbsize()).toBe(node === (await cluster.primaryOf(KEY)) ? 1 : 0);
      expect(await node.client.pubsub("CHANNELS")).toEqual([]);
    }
  });
}
