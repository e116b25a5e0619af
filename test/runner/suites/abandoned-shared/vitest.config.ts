import type { ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = {
  test: { globalSetup: "./global-setup.ts", fileParallelism: true, maxWorkers: 2 },
};

export default config;
