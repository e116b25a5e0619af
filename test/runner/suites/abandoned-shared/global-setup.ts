import {
  type RedisClusterGlobalSetup,
  redisClusterGlobalSetup,
} from "testcontainers-redis-cluster/vitest/global-setup";

const setup: RedisClusterGlobalSetup = redisClusterGlobalSetup({ nodes: 3, replicas: 0 });

export default setup;
