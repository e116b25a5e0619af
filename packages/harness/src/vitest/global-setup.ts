import type { ProvidedContext } from "vitest";
import type { TestProject } from "vitest/node";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import { startForRunner } from "../start/start-redis-cluster.ts";
import { evidenceRoot } from "./evidence-root.ts";
import type { TestClusterOptions } from "./test-cluster-options.ts";

/** A function that Vitest calls once before all tests. It returns a function that Vitest calls once after all tests. */
export type RedisClusterGlobalSetup = (project: TestProject) => Promise<() => Promise<void>>;

/**
 * The keys under which a shared cluster can be provided: `"redisCluster"`, and the keys that you declare in Vitest's
 * `ProvidedContext`.
 */
export type SharedClusterKey = {
  [Key in keyof ProvidedContext]: ProvidedContext[Key] extends SharedCluster ? Key : never;
}[keyof ProvidedContext];

/** The keys that are in use, by project. */
const usedKeys = new WeakMap<TestProject, Set<string>>();

/**
 * Starts one cluster for all workers. Write `export default redisClusterGlobalSetup({ nodes: 6 })` in a file that `globalSetup`
 * of Vitest's configuration names. Tests use the cluster with `redisClusterTest(inject("redisCluster"))`.
 *
 * In watch mode the cluster is reset before each further run, if possible. It is stopped when Vitest ends.
 * docs/internals/cleaning-up.md explains what removes it if Vitest is killed.
 *
 * @param options the options of the cluster. `evidenceDir` has the same default as in `redisClusterTest`.
 * @param key the name that tests pass to `inject`. A second cluster in the same project needs another key, which a declaration
 * adds to Vitest's types. @default "redisCluster"
 * @returns the function for Vitest. It rejects with INVALID_ARGUMENT if the project already has a cluster under this key, and
 * with the errors of `startRedisCluster`. Vitest then ends without running a test.
 * @throws RedisClusterError INVALID_ARGUMENT if an argument is invalid.
 */
export function redisClusterGlobalSetup(
  options: TestClusterOptions = {},
  key: SharedClusterKey = "redisCluster",
): RedisClusterGlobalSetup {
  requireArguments(options, key);
  return async (project) => {
    const releaseKey = reserveKey(project, key);
    try {
      const cluster = await startAndProvide(project, options, key);
      project.onTestsRerun(() => resetBetweenRuns(cluster));
      return async () => {
        await cluster.stop();
        releaseKey();
      };
    } catch (error) {
      releaseKey();
      throw error;
    }
  };
}

async function startAndProvide(
  project: TestProject,
  options: TestClusterOptions,
  key: SharedClusterKey,
): Promise<StartedRedisCluster> {
  const evidenceDir = evidenceRoot(options.evidenceDir);
  const { cluster } = await startForRunner({ timeoutMs: undefined, evidenceDir }, options);
  try {
    project.provide(key, await cluster.share());
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/**
 * Resets the cluster before a further run in watch mode. Never rejects: Vitest awaits this in a timer, so that a rejection would
 * be unhandled and the run would not take place. Each test of `redisClusterTest` resets the cluster in any case.
 */
export async function resetBetweenRuns(cluster: Pick<StartedRedisCluster, "lease" | "reset">): Promise<void> {
  try {
    // Acquiring the lease also updates the ports of nodes that a worker restarted.
    await using _lease = await cluster.lease();
    await cluster.reset();
  } catch (error) {
    console.error(
      `The shared Redis Cluster was not reset before this run: ${messageOf(error)}\n` +
        "Each test of redisClusterTest resets it before it begins; if that fails, restart Vitest.",
    );
  }
}

/** Records that the project has a cluster under this key. Returns a function that removes the record. */
function reserveKey(project: TestProject, key: string): () => void {
  const keys = usedKeys.get(project) ?? new Set();
  if (keys.has(key)) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `redisClusterGlobalSetup: the Vitest project "${project.name}" already has a shared cluster under the key "${key}". ` +
        'Give one of its global set-ups another key, such as redisClusterGlobalSetup(options, "redisClusterTls"), and ' +
        "inject that key in the tests.",
      { details: { key, project: project.name } },
    );
  }
  usedKeys.set(project, keys.add(key));
  return () => void keys.delete(key);
}

function requireArguments(options: unknown, key: unknown): void {
  const problems = [
    ...(typeof options === "object" && options !== null && !Array.isArray(options)
      ? []
      : ["options: expected an object with the options of startRedisCluster"]),
    ...(typeof key === "string" && key !== ""
      ? []
      : ['key: expected a name for inject(), such as "redisCluster"']),
  ];
  if (problems.length > 0) {
    throw new RedisClusterError("INVALID_ARGUMENT", `redisClusterGlobalSetup: ${problems.join("; ")}.`);
  }
}
