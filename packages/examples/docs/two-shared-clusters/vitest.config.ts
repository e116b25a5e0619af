import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { globalSetup: ["./redis-cluster.ts", "./redis-cluster-tls.ts"], testTimeout: 30_000 },
});
