import type { RedisClusterNode, StartedRedisCluster } from "testcontainers-redis-cluster";

/**
 * Sets a key and waits until every replica of its shard has it. Returns the primary. WAIT counts the replicas that have received
 * the writes of its own connection, so both commands use one client.
 */
export async function setReplicated(
  cluster: StartedRedisCluster,
  key: string,
  value: string,
): Promise<RedisClusterNode> {
  const primary = await cluster.primaryOf(key);
  const replicas = (await cluster.replicasOf(key)).length;
  await primary.client.set(key, value);
  const have = await primary.client.wait(replicas, 20_000);
  if (have < replicas) throw new Error(`${have} of ${replicas} replicas have ${key}`);
  return primary;
}
