import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "./global-setup.ts",
    reporters: ["default", ["testcontainers-redis-cluster/vitest/reporter", { outputFile: "report.html" }]],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
    fileParallelism: false,
  },
});
