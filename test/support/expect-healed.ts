import type { StartedRedisCluster } from "testcontainers-redis-cluster";
import { expect } from "vitest";
import { leftovers } from "./engine.ts";

/** Heals all faults, and verifies that the cluster is healthy again and that no fault or helper container is left. */
export async function expectHealed(cluster: StartedRedisCluster): Promise<void> {
  await cluster.heal();
  await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
  expect(cluster.activeFaults).toEqual([]);
  // A container and a volume for each node, and the network. A helper container exists only while a fault is applied or healed.
  expect(await leftovers(cluster.info.name)).toHaveLength(2 * cluster.nodes.length + 1);
}
