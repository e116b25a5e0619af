import type { StartedRedisCluster } from "testcontainers-redis-cluster";

/** Until the next reset, which puts the setting back, no replica takes over by itself, however slow the machine is. */
export async function nobodyTakesOver({ nodes }: StartedRedisCluster): Promise<void> {
  await Promise.all(nodes.map(({ client }) => client.config("SET", "cluster-replica-no-failover", "yes")));
}

/**
 * Until the next reset, which puts the settings back, nobody takes a node for failed. Otherwise the other nodes would
 * refuse commands after the node timeout, and a reset that comes later than that restarts them as well.
 */
export async function nobodyNotices(cluster: StartedRedisCluster): Promise<void> {
  await nobodyTakesOver(cluster);
  await Promise.all(cluster.nodes.map(({ client }) => client.config("SET", "cluster-node-timeout", 60_000)));
}
