import { attachRedisCluster } from "../start/connect-redis-cluster.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import type { ClusterHandle } from "../handle/cluster-handle.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import type { Borrower, Source } from "./borrower.ts";
import { optionsKey } from "./options-key.ts";

/** The longest time limit that a call takes. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/**
 * A cluster that another process started: connected once a worker, reset by every test while it has the lease. Until
 * then another test may be breaking it, so that no client waits to be let in.
 */
export function sharedCluster(shared: SharedCluster): Source<ClusterHandle> {
  return {
    key: `shared ${optionsKey(shared)}`,
    start: (borrower) => attachRedisCluster(shared, wait(borrower, shared.plan)),
    // Not before the lease: somebody else may be using it now.
    renew: () => Promise.resolve(),
    stop: ({ cluster }) => cluster.stop(),
    replaceable: false,
  };
}

/**
 * Takes the lease and makes the cluster as new. Whoever had it before may have left anything, so the first test of a
 * worker resets as well. The lease is given back where the reset fails.
 */
export async function leaseAndReset(
  cluster: Pick<StartedRedisCluster, "lease" | "reset" | "plan">,
  borrower: Borrower,
): Promise<AsyncDisposable> {
  const lease = await cluster.lease(wait(borrower, cluster.plan));
  try {
    const { signal, time } = borrower;
    const leftMs = time.leftMs();
    await cluster.reset({
      signal,
      ...(leftMs === undefined ? {} : { timeoutMs: unscaled(leftMs, cluster.plan) }),
    });
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
  return lease;
}

/** Others may take their time: where the test has no limit that is known here, its signal ends the wait. */
function wait(
  { signal, time }: Borrower,
  plan: SharedCluster["plan"],
): { readonly signal: AbortSignal; readonly timeoutMs: number } {
  const leftMs = time.leftMs();
  return { signal, timeoutMs: leftMs === undefined ? NO_LIMIT_MS : unscaled(leftMs, plan) };
}

/** Vitest's limit is what it is, whatever the cluster's time scale says. */
function unscaled(leftMs: number, { timeScale }: SharedCluster["plan"]): number {
  return leftMs / timeScale;
}
