import type { StartedRedisCluster } from "testcontainers-redis-cluster";
import { expect } from "vitest";
import { leftovers } from "./engine.ts";

/** Heals all faults, and verifies that the cluster is healthy again and that no fault or helper container is left. */
export async function expectHealed(cluster: StartedRedisCluster): Promise<void> {
  await cluster.heal();
  await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
  expect(cluster.activeFaults).toEqual([]);
  // A helper container exists only while a fault is applied or healed. Podman does not label the volumes of the nodes.
  const left = (await leftovers(cluster.info.name)).filter((name) => !/^[0-9a-f]{64}$/.test(name));
  const nodes = cluster.nodes.map(({ name }) => `${cluster.info.name}-${name}`);
  expect(left.toSorted()).toEqual([cluster.network.getName(), ...nodes].toSorted());
}
