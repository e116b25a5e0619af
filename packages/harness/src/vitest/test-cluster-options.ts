import type { RedisClusterOptions } from "../start/options.generated.ts";

/** The options of a cluster that a test runner starts and stops. The runner provides the signal. */
export type TestClusterOptions = Omit<RedisClusterOptions, "signal">;
