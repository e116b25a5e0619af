import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { inject } from "vitest";
import { abandonedTests } from "../abandoned/abandoned.ts";

abandonedTests("a", redisClusterTest(inject("redisCluster")));
