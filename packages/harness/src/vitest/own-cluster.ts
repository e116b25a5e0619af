import { messageOf, RedisClusterError } from "../errors.ts";
import { type RedisClusterOptions, startRedisCluster } from "../start-redis-cluster.ts";
import type { StartedRedisCluster } from "../started-redis-cluster.ts";
import type { Borrower, Source } from "./borrower.ts";
import { optionsKey } from "./options-key.ts";

/** A reset may take this share of what is left, so that a fresh start still has a chance where it fails. */
const RESET_SHARE = 0.6;

/** Clusters that the worker itself starts, all with the same options. */
export function ownCluster(options: Omit<RedisClusterOptions, "signal">): Source<StartedRedisCluster> {
  return {
    key: optionsKey(options),
    start: (borrower) => startInTime(options, borrower),
    renew: async (cluster, { signal, time }) => {
      const left = time.leftMs();
      // Vitest's limit is what it is, whatever the cluster's time scale says.
      const most = (left ?? 0) / cluster.plan.timeScale;
      const limit = left === undefined ? {} : { timeoutMs: Math.max(1, Math.round(most * RESET_SHARE)) };
      await cluster.reset({ signal, ...limit });
    },
    stop: (cluster) => cluster.stop(),
  };
}

async function startInTime(
  options: Omit<RedisClusterOptions, "signal">,
  { signal, time, test }: Borrower,
): Promise<StartedRedisCluster> {
  const left = time.leftMs();
  if (left === undefined) return await startRedisCluster({ ...options, signal });
  // Finding the engine and pulling the image have a limit of their own, which is far longer than a test's.
  const soon = new AbortController();
  const timer = setTimeout(() => soon.abort(new Error(`The test's time is up after ${left} ms.`)), left);
  try {
    return await startRedisCluster({ ...options, signal: AbortSignal.any([signal, soon.signal]) });
  } catch (error) {
    if (!soon.signal.aborted || !(error instanceof RedisClusterError)) throw error;
    throw new RedisClusterError(
      "START_TIMEOUT",
      `The cluster of "${test}" was not ready after ${left} ms; the test may take ${time.limitMs} ms in all. ` +
        `Raise its timeout or testTimeout, and have the image pulled before.\n${messageOf(error)}`,
      { cause: error, details: { ...error.details, timeoutMs: left } },
    );
  } finally {
    clearTimeout(timer);
  }
}
