import { expect } from "vitest";
import { redisClusterMatchers } from "./vitest/matchers.ts";

expect.extend(redisClusterMatchers);

export type { RedisClusterFaults } from "./vitest/bind-faults.ts";
export {
  type RedisClusterFixtures,
  type RedisClusterTest,
  type RedisClusterTestContext,
  type RedisClusterTestOptions,
  redisClusterTest,
  type TestClusterOptions,
} from "./vitest/redis-cluster-test.ts";
export type { EvidenceArtifact } from "./vitest/vitest-types.ts";
export { expect, redisClusterMatchers };
