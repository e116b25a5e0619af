import { connectRedisCluster } from "../connect-redis-cluster.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import type { StartedRedisCluster } from "../started-redis-cluster.ts";
import type { Borrower, Source } from "./borrower.ts";
import { optionsKey } from "./options-key.ts";

/** A cluster that another process started: connected once a worker, reset by every test while it has the lease. */
export function sharedCluster(shared: SharedCluster): Source<StartedRedisCluster> {
  return {
    key: `shared ${optionsKey(shared)}`,
    start: (borrower) => connectRedisCluster(shared, limits(borrower, shared.plan)),
    // Not before the lease: somebody else may be using it now.
    renew: () => Promise.resolve(),
    stop: (cluster) => cluster.stop(),
    replaceable: false,
  };
}

/**
 * Takes the lease and makes the cluster as new. Whoever had it before may have left anything, so the first test of a
 * worker resets as well. The lease is given back where the reset fails.
 */
export async function leaseAndReset(
  cluster: StartedRedisCluster,
  borrower: Borrower,
): Promise<AsyncDisposable> {
  const lease = await cluster.lease(limits(borrower, cluster.plan));
  try {
    await cluster.reset(limits(borrower, cluster.plan));
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
  return lease;
}

/** Vitest's limit is what it is, whatever the cluster's time scale says. */
function limits(
  { signal, time }: Borrower,
  { timeScale }: SharedCluster["plan"],
): { readonly signal: AbortSignal; readonly timeoutMs?: number } {
  const leftMs = time.leftMs();
  return leftMs === undefined ? { signal } : { signal, timeoutMs: leftMs / timeScale };
}
