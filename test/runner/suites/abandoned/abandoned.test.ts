import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { abandonedTests } from "./abandoned.ts";

abandonedTests("own", redisClusterTest({ nodes: 3, replicas: 0 }));
