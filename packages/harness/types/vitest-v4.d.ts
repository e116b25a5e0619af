// The types of the entry point for Vitest 3.2 and 4. Its program is the one for Vitest 5.

import type { RedisClusterMatchers } from "../dist/vitest/matchers.js";

declare module "vitest" {
  // Declarations of an interface must have the same type parameters, with the same names and defaults, as in Vitest.
  // oxlint-disable-next-line typescript/no-explicit-any -- the default in Vitest
  interface Matchers<T = any> extends RedisClusterMatchers<void, T> {}
}

export * from "../dist/vitest/entry.js";
