import RedisClusterReporter from "testcontainers-redis-cluster/vitest/reporter";
import type { ViteUserConfig } from "vitest/config";

const outputFile = process.env["TRC_PAGE"];

const config: ViteUserConfig = {
  test: { reporters: ["default", new RedisClusterReporter({ outputFile })] },
};

export default config;
