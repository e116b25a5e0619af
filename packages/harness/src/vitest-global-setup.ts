export {
  type RedisClusterGlobalSetup,
  redisClusterGlobalSetup,
  type SharedClusterKey,
} from "./vitest/global-setup.ts";
