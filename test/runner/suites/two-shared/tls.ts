import type { SharedCluster } from "testcontainers-redis-cluster";
import {
  type RedisClusterGlobalSetup,
  redisClusterGlobalSetup,
} from "testcontainers-redis-cluster/vitest/global-setup";

declare module "vitest" {
  interface ProvidedContext {
    redisClusterTls: SharedCluster;
  }
}

const setup: RedisClusterGlobalSetup = redisClusterGlobalSetup(
  { nodes: 3, replicas: 0, tls: true },
  "redisClusterTls",
);

export default setup;
