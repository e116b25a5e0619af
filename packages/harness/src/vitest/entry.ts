// oxlint-disable-next-line import/no-unassigned-import -- must run before the other modules
import "../dispose-symbols.ts";

import { expect } from "vitest";
import { type RedisClusterMatchers, redisClusterMatchers } from "./matchers.ts";
import { requireVitest } from "./require-vitest.ts";

requireVitest();
expect.extend(redisClusterMatchers);

export type { ClusterFaults as RedisClusterFaults } from "../faults/cluster-faults.ts";
export {
  type RedisClusterFixtures,
  type RedisClusterTest,
  type RedisClusterTestContext,
  redisClusterTest,
} from "./redis-cluster-test.ts";
export type { RedisClusterTestOptions } from "./options.generated.ts";
export type { TestClusterOptions } from "./test-cluster-options.ts";
export type { EvidenceArtifact } from "./vitest-types.ts";
export { expect, type RedisClusterMatchers, redisClusterMatchers };
