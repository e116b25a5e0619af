import type { ClusterHandle } from "../handle/cluster-handle.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import { attachRedisCluster } from "../start/connect-redis-cluster.ts";
import { MAX_TIMEOUT_MS } from "../timing/deadline.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { optionsKey } from "./options-key.ts";
import type { TestRequest } from "./test-request.ts";

/**
 * Returns the source of a cluster that another process started. Each worker connects to it once, without waiting for a connected
 * client, because a test of another worker may be breaking the cluster until this test has the lease.
 */
export function sharedClusterSource(shared: SharedCluster): ClusterSource<ClusterHandle> {
  return {
    key: `shared ${optionsKey(shared)}`,
    start: (request) => attachRedisCluster(shared, waitOptions(request, shared.plan)),
    // A reset needs the lease, because another process may be using the cluster now: see leaseAndReset.
    reset: () => Promise.resolve(),
    stop: ({ cluster }) => cluster.stop(),
    isReplaceable: false,
  };
}

/**
 * Waits for the lease of the cluster and resets the cluster. The first test of a worker resets it as well, because a test of
 * another worker may have changed it. If the reset fails, the lease is released.
 */
export async function leaseAndReset(
  cluster: Pick<StartedRedisCluster, "lease" | "reset" | "plan">,
  request: TestRequest,
): Promise<AsyncDisposable> {
  const lease = await cluster.lease(waitOptions(request, cluster.plan));
  try {
    const { signal, deadline } = request;
    const remainingMs = deadline.remainingMs();
    await cluster.reset({
      signal,
      ...(remainingMs === undefined ? {} : { timeoutMs: unscaled(remainingMs, cluster.plan) }),
    });
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
  return lease;
}

/** Returns the options of a wait for other tests. If the timeout of the test is unknown, only its signal ends the wait. */
function waitOptions(
  { signal, deadline }: TestRequest,
  plan: SharedCluster["plan"],
): { readonly signal: AbortSignal; readonly timeoutMs: number } {
  const remainingMs = deadline.remainingMs();
  return { signal, timeoutMs: remainingMs === undefined ? MAX_TIMEOUT_MS : unscaled(remainingMs, plan) };
}

/** Divides a time by the time scale, by which each call multiplies its timeout: the timeout of Vitest does not depend on it. */
function unscaled(ms: number, { timeScale }: SharedCluster["plan"]): number {
  return ms / timeScale;
}
