import { defineConfig } from "vitest/config";

const timeScale = Number(process.env["TRC_TIME_SCALE"]) || 1;

export default defineConfig({
  test: { testTimeout: 30_000 * timeScale, hookTimeout: 30_000 * timeScale },
});
