import type { Cluster } from "ioredis";
import { test as base, type TestAPI } from "vitest";
import type { RedisClusterNode } from "../cluster/redis-cluster-node.ts";
import { isSharedCluster, type SharedCluster } from "../sharing/shared-cluster.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import type { ClusterWorkloadOptions } from "../workload/cluster-workloads.ts";
import type { Workload } from "../workload/workload.ts";
import type { ClusterFaults } from "../faults/cluster-faults.ts";
import { ClusterTurn, workerClusters } from "./cluster-turn.ts";
import { ownCluster } from "./own-cluster.ts";
import { requireSource } from "./require-source.ts";
import type { RedisClusterTestOptions, TestClusterOptions } from "./test-options.ts";
import { sharedCluster } from "./shared-cluster.ts";

/** What a test of {@link redisClusterTest} may ask for. Nothing is started for a test that asks for none of it. */
export interface RedisClusterFixtures {
  /** The cluster: healthy, without faults and keys when the test begins. */
  cluster: StartedRedisCluster;
  /** `cluster.client` as it is when the test begins: a connected ioredis `Cluster`. A `reset()` puts another in its place. */
  redis: Cluster;
  /** `cluster.nodes`: all nodes, in the order of their names. */
  nodes: readonly RedisClusterNode[];
  /** The cluster's calls that break it, to be taken apart. All is healed before the next test. */
  faults: ClusterFaults;
  /**
   * Starts a workload, as `cluster.startWorkload` does. If the test does not stop it, that is done at the test's end,
   * within 60 000 ms, and acknowledged writes that are lost, duplicated or went back then fail the test, as does a
   * workload without any. Of a test that has failed already nothing is judged.
   */
  workload: (options?: ClusterWorkloadOptions) => Promise<Workload>;
  /**
   * For `test.override`: options that are laid over those of {@link redisClusterTest}; a block with others has another
   * cluster. Not for shared clusters.
   */
  clusterOptions: TestClusterOptions;
}

/** The fixtures as Vitest's types want them: all belong to one test. */
export interface RedisClusterTestContext extends RedisClusterFixtures {
  readonly $__test?: RedisClusterFixtures;
}

/** Vitest's `test` with a cluster. */
export type RedisClusterTest = TestAPI<RedisClusterTestContext>;

const WORKER = "worker";

/**
 * Vitest's `test` with a real Redis Cluster as fixtures: `test("…", async ({ cluster, redis, faults }) => …)`. The
 * cluster is started by the first test that asks for it, made as new before each further one, and stopped with its
 * scope, also when a run is cancelled. A start that fails fails the test with its own error; the other tests of the
 * file that need the same cluster then fail at once. A failed test's evidence is saved and its folder printed.
 *
 * @param from options for clusters of its own, or what `inject("redisCluster")` gives: then every test takes the
 * lease of the shared cluster, and resets it; with the lease, which ends with the test, its workloads end and its
 * faults are taken back.
 * @throws RedisClusterError INVALID_ARGUMENT for anything else, such as the `undefined` that `inject` returns in a project
 * without the global set-up.
 *
 * A test that asks for a fixture fails with what `startRedisCluster` throws (a start that has too little time with
 * START_TIMEOUT, before Vitest's own limit), with CLUSTER_IN_USE while another test has the cluster, and of a shared
 * cluster with what `lease()` and `reset()` throw.
 */
export function redisClusterTest(
  ...given: readonly [from?: RedisClusterTestOptions | SharedCluster]
): RedisClusterTest {
  const from = requireSource(given);
  const shared = isSharedCluster(from) ? from : undefined;
  const { scope = WORKER, ...options }: RedisClusterTestOptions = isSharedCluster(from) ? {} : from;

  const test = base
    .extend("clusterOptions", { scope: "test" }, options)
    .extend(
      "clusterHome",
      // The types want to know the scope of each fixture; nobody sees this one's.
      { scope: (scope === "file" ? "file" : "worker") as "file" },
      // oxlint-disable-next-line no-empty-pattern -- Vitest reads from the pattern which fixtures are needed.
      async ({}, { onCleanup }) => {
        const home: { name: string } = { name: WORKER };
        onCleanup(() => workerClusters.stopHome(home.name));
        return home;
      },
    )
    .extend("clusterTurn", async ({ clusterOptions, clusterHome, task, signal, annotate }, { onCleanup }) => {
      // Known only now, and the same for all tests of the file.
      if (scope === "file") clusterHome.name = `file ${task.file.filepath}`;
      const own = { ...options, ...clusterOptions };
      const source = shared === undefined ? ownCluster(own) : sharedCluster(shared);
      const turn = await ClusterTurn.begin(
        { task, signal, annotate },
        {
          source,
          home: clusterHome.name,
          alone: scope === "test",
          leased: shared !== undefined,
          evidenceDir: (shared ?? own).evidenceDir,
        },
      );
      onCleanup(() => turn.end());
      return turn;
    })
    .extend("cluster", ({ clusterTurn }) => clusterTurn.cluster)
    .extend("redis", ({ clusterTurn }) => clusterTurn.cluster.client)
    .extend("nodes", ({ clusterTurn }) => clusterTurn.cluster.nodes)
    .extend("faults", ({ clusterTurn }) => clusterTurn.cluster.faults)
    .extend(
      "workload",
      ({ clusterTurn }) =>
        (workload?: ClusterWorkloadOptions) =>
          clusterTurn.startWorkload(workload),
    );
  // Home and turn are nobody's business but this file's.
  return test as unknown as RedisClusterTest;
}
