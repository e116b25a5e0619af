import { expect } from "vitest";
import { redisClusterMatchers } from "./vitest/matchers.ts";

expect.extend(redisClusterMatchers);

export type { ClusterFaults as RedisClusterFaults } from "./faults/cluster-faults.ts";
export {
  type RedisClusterFixtures,
  type RedisClusterTest,
  type RedisClusterTestContext,
  redisClusterTest,
} from "./vitest/redis-cluster-test.ts";
export type { RedisClusterTestOptions } from "./vitest/options.generated.ts";
export type { TestClusterOptions } from "./vitest/test-cluster-options.ts";
export type { EvidenceArtifact } from "./vitest/vitest-types.ts";
export { expect, redisClusterMatchers };
