import type { ActiveFault, ClusterFaults, ClusterQueries } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { test as unitTest } from "vitest";

// #region helper
/** Kills the primary of each key and starts it again, one after the other. Returns the names of the killed nodes. */
export async function killOneByOne(
  cluster: Pick<ClusterQueries, "waitUntilHealthy"> & Pick<ClusterFaults, "killPrimary">,
  keys: readonly string[],
): Promise<readonly string[]> {
  const killed: string[] = [];
  for (const key of keys) {
    const fault = await cluster.killPrimary(key);
    killed.push(...fault.nodes);
    await fault.heal();
    await cluster.waitUntilHealthy();
  }
  return killed;
}
// #endregion

// #region fake
unitTest("the next primary is killed only when the cluster is healthy again", async () => {
  const calls: string[] = [];
  const fault = (node: string): ActiveFault => ({
    kind: "kill",
    nodes: [node],
    since: 0,
    description: `killed ${node}`,
    seed: undefined,
    heal: async () => {
      calls.push(`heal ${node}`);
    },
    [Symbol.asyncDispose]: async () => {},
  });

  const killed = await killOneByOne(
    {
      killPrimary: async (key) => {
        calls.push(`kill ${String(key)}`);
        return fault("node-1");
      },
      waitUntilHealthy: async () => {
        calls.push("wait");
      },
    },
    ["order:1", "order:2"],
  );

  expect(killed).toEqual(["node-1", "node-1"]);
  const round = (key: string): readonly string[] => [`kill ${key}`, "heal node-1", "wait"];
  expect(calls).toEqual([...round("order:1"), ...round("order:2")]);
});
// #endregion

const test = redisClusterTest({ nodes: 6, replicas: 1 });

// #region real
test("kills two primaries of a real cluster", { timeout: 60_000 }, async ({ cluster }) => {
  const killed = await killOneByOne(cluster, ["order:1", "order:2"]);
  expect(new Set(killed).size).toBe(killed.length);
  await expect(cluster).toBeHealthy();
});
// #endregion
