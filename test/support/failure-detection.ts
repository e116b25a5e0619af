import type { StartedRedisCluster } from "testcontainers-redis-cluster";

/** Prevents automatic failovers, however slow the machine is, until the next reset restores the setting. */
export async function disableAutomaticFailover({ nodes }: StartedRedisCluster): Promise<void> {
  await Promise.all(nodes.map(({ client }) => client.config("SET", "cluster-replica-no-failover", "yes")));
}

/**
 * Prevents nodes from marking another node as failed until the next reset restores the settings. Otherwise, the other nodes would
 * reject commands after the node timeout, and a later reset would restart these nodes as well.
 */
export async function disableFailureDetection(cluster: StartedRedisCluster): Promise<void> {
  await disableAutomaticFailover(cluster);
  await Promise.all(cluster.nodes.map(({ client }) => client.config("SET", "cluster-node-timeout", 60_000)));
}
