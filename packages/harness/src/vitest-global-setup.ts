export { type RedisClusterGlobalSetup, redisClusterGlobalSetup } from "./vitest/global-setup.ts";
