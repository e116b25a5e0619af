import { messageOf, RedisClusterError } from "../errors.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { FailedStarts } from "./failed-starts.ts";
import type { TestRequest } from "./test-request.ts";

/** A cluster that one test uses. */
export interface AcquiredCluster<T> {
  readonly cluster: T;
  /** Why a new cluster replaced an existing one; undefined if none was replaced. */
  readonly replacedBecause: string | undefined;
  /** Makes the cluster available to the next test, or stops it if it is exclusive. */
  release(): Promise<void>;
}

interface PoolEntry<T> {
  readonly scope: string;
  source: ClusterSource<T>;
  cluster: T | undefined;
  /** The name of the test that uses the cluster. */
  usedBy: string | undefined;
  /** The ongoing start or reset. The end of the scope waits for it, so that nothing is left behind. */
  work: Promise<unknown>;
}

/**
 * The clusters of one worker: one for each set of options. A cluster is kept from test to test, and is reset before the next
 * test, not after the last one. So the cluster of a failed test can still be inspected, and the last test needs no reset.
 */
export class ClusterPool<T> {
  readonly #entries = new Map<string, PoolEntry<T>>();
  readonly #failedStarts = new FailedStarts();
  #exclusiveCount = 0;

  /**
   * Returns a cluster that is new or has been reset, for the use of one test.
   *
   * @param scope names the part of the run that the cluster belongs to, such as one test file. {@link stopScope} stops all
   * clusters of a scope.
   * @param isExclusive whether the test gets a new cluster that no other test uses.
   * @throws RedisClusterError CLUSTER_IN_USE if another test is using the cluster.
   */
  async acquire(
    source: ClusterSource<T>,
    scope: string,
    request: TestRequest,
    isExclusive = false,
  ): Promise<AcquiredCluster<T>> {
    if (isExclusive) this.#exclusiveCount += 1;
    const key = `${scope} ${source.key}${isExclusive ? ` exclusive ${this.#exclusiveCount}` : ""}`;
    const entry = this.#entries.get(key) ?? this.#addEntry(key, scope, source);
    if (entry.usedBy !== undefined) throw inUse(entry.usedBy, request.test);
    entry.usedBy = request.test;
    entry.source = source;
    try {
      this.#failedStarts.rejectRepeatedStart(source.key, request);
      const work = this.#prepare(entry, request);
      entry.work = work.catch(() => {});
      const replacedBecause = await work;
      // The caller of an aborted request does not release the cluster.
      request.signal.throwIfAborted();
      return {
        cluster: entry.cluster as T,
        replacedBecause,
        release: async () => {
          if (isExclusive) {
            await this.#stop(entry);
            this.#entries.delete(key);
          }
          entry.usedBy = undefined;
        },
      };
    } catch (error) {
      entry.usedBy = undefined;
      throw error;
    }
  }

  /** Stops all clusters of a scope, including clusters that are still starting. */
  async stopScope(scope: string): Promise<void> {
    const ending = [...this.#entries].filter(([, entry]) => entry.scope === scope);
    for (const [key] of ending) this.#entries.delete(key);
    const results = await Promise.allSettled(
      ending.map(async ([, entry]) => {
        await entry.work;
        await this.#stop(entry);
      }),
    );
    const errors = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason as unknown] : [],
    );
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join("\n"));
  }

  #addEntry(key: string, scope: string, source: ClusterSource<T>): PoolEntry<T> {
    const entry: PoolEntry<T> = {
      scope,
      source,
      cluster: undefined,
      usedBy: undefined,
      work: Promise.resolve(),
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Resets the cluster of an entry, or starts one. Returns why a cluster was replaced; undefined if none was. */
  async #prepare(entry: PoolEntry<T>, request: TestRequest): Promise<string | undefined> {
    const replacedBecause = await this.#resetOrStop(entry, request);
    if (entry.cluster !== undefined) return undefined;
    const { source } = entry;
    const recordFailure = this.#failedStarts.recordStart(source.key, request);
    try {
      entry.cluster = await source.start(request);
      this.#failedStarts.clear(source.key);
    } catch (error) {
      // A failure does not predict the next start in two cases. The cluster of another process may be available again, and
      // connecting to it costs the next test nothing. A start after a failed reset had only the rest of the test's time.
      if (source.isReplaceable !== false && replacedBecause === undefined) recordFailure(error);
      throw replacedBecause === undefined ? error : afterFailedReset(error, replacedBecause);
    }
    return replacedBecause;
  }

  /** Resets the cluster of an entry if there is one. If that fails, stops the cluster and returns the reason. */
  async #resetOrStop(entry: PoolEntry<T>, request: TestRequest): Promise<string | undefined> {
    if (entry.cluster === undefined) return undefined;
    try {
      await entry.source.reset(entry.cluster, request);
      return undefined;
    } catch (error) {
      await this.#stop(entry);
      // This worker cannot replace the cluster of another process. The next test connects to it again.
      if (entry.source.isReplaceable === false || request.signal.aborted) throw error;
      return messageOf(error);
    }
  }

  async #stop(entry: PoolEntry<T>): Promise<void> {
    const { cluster } = entry;
    if (cluster === undefined) return;
    await entry.source.stop(cluster);
    entry.cluster = undefined;
  }
}

function inUse(holder: string, test: string): RedisClusterError {
  return new RedisClusterError(
    "CLUSTER_IN_USE",
    `The test "${test}" cannot use the cluster that the test "${holder}" is using: concurrent tests would disturb each ` +
      'other. Give each test its own cluster with redisClusterTest({ scope: "test" }), or run the tests one after the other.',
    { details: { holder, test } },
  );
}

function afterFailedReset(error: unknown, reason: string): RedisClusterError {
  const known = error instanceof RedisClusterError;
  return new RedisClusterError(
    known ? error.code : "START_FAILED",
    `${messageOf(error)}\nThis start had only the time that was left after a failed reset (${reason}). The next test ` +
      "starts a cluster with its full time.",
    { cause: error, details: known ? error.details : {} },
  );
}
