import type { SharedCluster } from "testcontainers-redis-cluster";
import { redisClusterGlobalSetup } from "testcontainers-redis-cluster/vitest/global-setup";

declare module "vitest" {
  interface ProvidedContext {
    redisClusterTls: SharedCluster;
  }
}

export default redisClusterGlobalSetup({ nodes: 3, replicas: 0, tls: true }, "redisClusterTls");
