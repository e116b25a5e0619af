import type { RedisClusterOptions } from "../start/options.generated.ts";

/** The options of a cluster that a test runner starts and stops. The runner provides the signal. */
export type TestClusterOptions = Omit<RedisClusterOptions, "signal">;

/** The options of `redisClusterTest`. */
export interface RedisClusterTestOptions extends TestClusterOptions {
  /**
   * How long a cluster is kept. `"worker"`: for all tests that a worker runs, with a reset between them. With Vitest's isolation,
   * a worker runs one file. `"file"`: for the tests of a file. `"test"`: each test gets a new cluster.
   * @default "worker"
   */
  readonly scope?: "test" | "file" | "worker" | undefined;
  /**
   * The folder for the evidence of failed tests, of failed starts, and of failed calls of the cluster. It is created if it is
   * missing, and is never cleaned up. Failed calls write evidence only if this option or the environment variable is set.
   * @default the environment variable `TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR`, or else
   * `node_modules/.cache/testcontainers-redis-cluster/evidence`
   */
  readonly evidenceDir?: string | undefined;
}
