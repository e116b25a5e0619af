import type { ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = {
  test: { projects: [{ test: { name: "redis" } }, { test: { name: "valkey" } }], maxWorkers: 2 },
};

export default config;
