import type { TestRequest } from "./test-request.ts";

/** Starts, resets and stops the clusters of a pool. Only the pool calls it. */
export interface ClusterSource<T> {
  /** Tests whose sources have the same key use the same cluster, one after the other. */
  readonly key: string;
  /** Starts a cluster within the deadline of the request. A start that fails leaves nothing behind. */
  start(request: TestRequest): Promise<T>;
  /** Resets a cluster after its use by an earlier test. */
  reset(cluster: T, request: TestRequest): Promise<void>;
  /** Stops a cluster. A second call does nothing. */
  stop(cluster: T): Promise<void>;
  /**
   * Whether the pool may start another cluster in the place of one that cannot be reset. If false, another process owns the
   * cluster. Then the pool does not replace it, and does not remember failed starts.
   * @default true
   */
  readonly isReplaceable?: boolean | undefined;
}
