import type { RedisClusterMatchers } from "./vitest/matchers.ts";

declare module "vitest" {
  // Vitest 5 gives matchers two type parameters, and older versions one. Declarations of an interface must have the same ones, so
  // types/vitest-v4.d.ts contains the declaration for the older versions.
  interface Matchers<R, T> extends RedisClusterMatchers<R, T> {}
}

export * from "./vitest/entry.ts";
