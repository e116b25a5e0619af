import type { ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = { test: { globalSetup: "./global-setup.ts", fileParallelism: false } };

export default config;
