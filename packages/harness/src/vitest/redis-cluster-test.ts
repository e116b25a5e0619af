import type { Cluster } from "ioredis";
import { test as base, type TestAPI } from "vitest";
import type { RedisClusterNode } from "../cluster/redis-cluster-node.ts";
import type { ClusterFaults } from "../faults/cluster-faults.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import { isSharedCluster, type SharedCluster } from "../sharing/shared-cluster.ts";
import type { ClusterWorkloadOptions } from "../workload/cluster-workloads.ts";
import type { Workload } from "../workload/workload.ts";
import { ClusterLease, workerClusters } from "./cluster-lease.ts";
import { requireSourceArgument } from "./require-source-argument.ts";
import { sharedClusterSource } from "./shared-cluster-source.ts";
import type { RedisClusterTestOptions } from "./options.generated.ts";
import type { TestClusterOptions } from "./test-cluster-options.ts";
import { workerClusterSource } from "./worker-cluster-source.ts";

/** The fixtures of {@link redisClusterTest}. A cluster is started only for tests that request one of them. */
export interface RedisClusterFixtures {
  /** The cluster. When the test begins, it is healthy and has no faults and no keys, except those of the option `seed`. */
  cluster: StartedRedisCluster;
  /**
   * The `cluster.client` at the beginning of the test: a connected ioredis `Cluster`. After a `reset()` inside the test, use
   * `cluster.client`, because the reset creates a new client.
   */
  redis: Cluster;
  /** `cluster.nodes`: all nodes, in the order of their names. */
  nodes: readonly RedisClusterNode[];
  /** The fault methods of the cluster, which you can destructure. All faults are reverted before the next test. */
  faults: ClusterFaults;
  /**
   * Starts a workload, as `cluster.startWorkload` does. If the test does not stop it, it is stopped at the end of the test, with
   * a timeout of 60 000 ms. Then acknowledged writes that are lost, duplicated or stale fail the test, and so does a workload
   * without any acknowledged write. If the test has already failed, the ledger is not checked.
   */
  workload: (options?: ClusterWorkloadOptions) => Promise<Workload>;
  /**
   * The options that `test.override` replaces. They are merged over the options of {@link redisClusterTest}. A block with other
   * options gets another cluster. They have no effect on shared clusters.
   */
  clusterOptions: TestClusterOptions;
}

/** All fixtures, also those that users do not see. */
interface InternalFixtures extends RedisClusterFixtures {
  /** The part of the run that the clusters belong to. */
  readonly clusterScope: { name: string };
  readonly clusterLease: ClusterLease;
}

/** The fixtures in the form that Vitest's types need: all of them have the scope of one test. */
export interface RedisClusterTestContext extends RedisClusterFixtures {
  readonly $__test?: RedisClusterFixtures;
}

/** Vitest's `test` with the fixtures of a cluster. */
export type RedisClusterTest = TestAPI<RedisClusterTestContext>;

const WORKER_SCOPE = "worker";

/**
 * Extends Vitest's `test` with a real Redis Cluster as fixtures: `test("…", async ({ cluster, redis, faults }) => …)`.
 *
 * The first test that requests the cluster starts it. It is reset before each further test, and stopped at the end of its scope,
 * also if the run is cancelled. If the start fails, the test fails with the error of the start. After two failed starts in a row,
 * or one that certainly repeats, the other tests of the file that need the same cluster fail immediately. The evidence of a
 * failed test is saved, and the path of its folder is printed.
 *
 * A test that requests a fixture fails with these errors: those of `startRedisCluster`, with START_TIMEOUT before Vitest's own
 * timeout if the start takes too long; CLUSTER_IN_USE while another test uses the cluster; and, if the cluster is shared, those
 * of `lease()` and `reset()`.
 *
 * @param args the options of clusters that the worker starts itself, or the result of `inject("redisCluster")`. With a shared
 * cluster, every test acquires its lease and resets it. The lease ends with the test; then the workloads of the test are ended
 * and its faults reverted. @default the options `{}`
 * @throws RedisClusterError INVALID_ARGUMENT for any other value, such as the `undefined` that `inject` returns in a project
 * without the global set-up.
 * @example
 * const test = redisClusterTest({ nodes: 6, replicas: 1 });
 *
 * test("an order is stored", async ({ redis }) => {
 *   await redis.set("order:42", "paid");
 *   expect(await redis.get("order:42")).toBe("paid");
 * });
 */
export function redisClusterTest(
  ...args: readonly [source?: RedisClusterTestOptions | SharedCluster]
): RedisClusterTest {
  const source = requireSourceArgument(args);
  const shared = isSharedCluster(source) ? source : undefined;
  const { scope = WORKER_SCOPE, ...options }: RedisClusterTestOptions = isSharedCluster(source) ? {} : source;

  // The fixtures have the form that all supported versions of Vitest have. Vitest reads from the pattern of the first parameter
  // which other fixtures are needed.
  const test = base.extend<InternalFixtures>({
    clusterOptions: [options, { scope: "test" }],
    clusterScope: [
      // oxlint-disable-next-line no-empty-pattern -- no other fixture is needed
      async ({}, use) => {
        const clusterScope = { name: WORKER_SCOPE };
        await use(clusterScope);
        await workerClusters.stopScope(clusterScope.name);
      },
      { scope: scope === "file" ? "file" : "worker" },
    ],
    clusterLease: async ({ clusterOptions, clusterScope, task, signal, annotate }, use) => {
      // The file is known only here. It is the same for all tests that share this `clusterScope`.
      if (scope === "file") clusterScope.name = `file ${task.file.filepath}`;
      const workerOptions = { ...options, ...clusterOptions };
      const lease = await ClusterLease.acquire(
        { task, signal, annotate },
        {
          source: shared === undefined ? workerClusterSource(workerOptions) : sharedClusterSource(shared),
          scope: clusterScope.name,
          isExclusive: scope === "test",
          isShared: shared !== undefined,
          evidenceDir: (shared ?? workerOptions).evidenceDir,
        },
      );
      await use(lease);
      await lease.end();
    },
    cluster: ({ clusterLease }, use) => use(clusterLease.cluster),
    redis: ({ clusterLease }, use) => use(clusterLease.cluster.client),
    nodes: ({ clusterLease }, use) => use(clusterLease.cluster.nodes),
    faults: ({ clusterLease }, use) => use(clusterLease.cluster.faults),
    workload: ({ clusterLease }, use) => use((workload) => clusterLease.startWorkload(workload)),
  });
  // Hides the internal fixtures `clusterScope` and `clusterLease`.
  return test as unknown as RedisClusterTest;
}
