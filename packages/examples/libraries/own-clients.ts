import { Cluster } from "ioredis";
import { createCluster, type RedisClusterType } from "redis";
import type { StartedRedisCluster } from "testcontainers-redis-cluster";

// The clients of an application, which only gets URLs. With `announce: "host"` they need no address map.

/** Creates a client of ioredis. */
export function createIoredis(
  cluster: StartedRedisCluster,
  redisOptions: { readonly maxRetriesPerRequest?: null } = {},
): Cluster {
  return new Cluster([...cluster.connectionInfo("host").urls], { redisOptions });
}

/** Opens a client of node-redis. */
export async function openNodeRedis(cluster: StartedRedisCluster): Promise<RedisClusterType> {
  // #region node-redis
  const client: RedisClusterType = createCluster({
    rootNodes: cluster.connectionInfo("host").urls.map((url) => ({ url })),
  });
  client.on("error", () => {}); // without a listener, the loss of a connection would end the process
  await client.connect();
  // #endregion
  return client;
}
