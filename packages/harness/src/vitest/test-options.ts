import type { RedisClusterOptions } from "../start/options.generated.ts";

/** The options of a cluster that a test runner starts and ends; the signal is the runner's. */
export type TestClusterOptions = Omit<RedisClusterOptions, "signal">;

/** What `redisClusterTest` takes. */
export interface RedisClusterTestOptions extends TestClusterOptions {
  /**
   * How long a cluster is kept. `"worker"` (default): for all tests that a worker runs, reset between them; with
   * Vitest's isolation that is one file. `"file"`: for the tests of a file. `"test"`: a fresh one for each test.
   */
  readonly scope?: "test" | "file" | "worker" | undefined;
  /**
   * Where the evidence of failed tests, of failed starts and of calls of the cluster that fail goes. It is made where it
   * is missing and never cleaned up. Default: the environment variable `TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR`, else
   * `node_modules/.cache/testcontainers-redis-cluster/evidence`, but there calls that fail write nothing unasked.
   */
  readonly evidenceDir?: string | undefined;
}
