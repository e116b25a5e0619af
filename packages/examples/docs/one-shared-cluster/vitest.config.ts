import { defineConfig } from "vitest/config";

export default defineConfig({ test: { globalSetup: "./redis-cluster.ts", testTimeout: 30_000 } });
