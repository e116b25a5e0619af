import { redisClusterGlobalSetup } from "testcontainers-redis-cluster/vitest/global-setup";

export default redisClusterGlobalSetup({ nodes: 3, replicas: 0 });
