import type { TestProject } from "vitest/node";
import { startWithin } from "../start-redis-cluster.ts";
import type { TestClusterOptions } from "./redis-cluster-test.ts";
import { evidenceParent } from "./save-evidence.ts";

/** A function that Vitest calls once before all tests; what it gives is called after them. */
export type RedisClusterGlobalSetup = (project: TestProject) => Promise<() => Promise<void>>;

/**
 * Starts one cluster for all workers: `export default redisClusterGlobalSetup({ nodes: 6 })` in a file that
 * `globalSetup` of Vitest's configuration names. Tests get it by `redisClusterTest(inject("redisCluster"))`. In watch
 * mode it is reset before each further run. It is stopped when Vitest ends; who cleans up after a Vitest that is killed,
 * docs/cleaning-up.md tells.
 *
 * @param options of the cluster. Where a failed start writes its evidence: as of `redisClusterTest`.
 * @throws what `startRedisCluster` throws; Vitest then ends without running a test.
 */
export function redisClusterGlobalSetup(options: TestClusterOptions = {}): RedisClusterGlobalSetup {
  return async (project) => {
    const evidenceDir = evidenceParent(options.evidenceDir);
    const cluster = await startWithin({ limitMs: undefined, evidenceDir }, options);
    try {
      project.provide("redisCluster", await cluster.share());
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    project.onTestsRerun(async () => {
      await cluster.reset();
    });
    return () => cluster.stop();
  };
}
