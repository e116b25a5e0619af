import { messageOf, RedisClusterError } from "../errors.ts";
import type { RedisClusterOptions } from "../start/options.generated.ts";
import { startForRunner } from "../start/start-redis-cluster.ts";
import type { ClusterHandle } from "../handle/cluster-handle.ts";
import type { Borrower, Source } from "./borrower.ts";
import { optionsKey } from "./options-key.ts";
import { evidenceParent } from "./save-evidence.ts";
import { monotonicMs } from "../clock/real-time.ts";

/** A reset may take this share of what is left, so that a fresh start still has a chance where it fails. */
const RESET_SHARE = 0.6;

/** Clusters that the worker itself starts, all with the same options. */
export function ownCluster(options: Omit<RedisClusterOptions, "signal">): Source<ClusterHandle> {
  return {
    key: optionsKey(options),
    start: (borrower) => startInTime(options, borrower),
    renew: async ({ cluster }, { signal, time }) => {
      const left = time.leftMs();
      // Vitest's limit is what it is, whatever the cluster's time scale says.
      const most = (left ?? 0) / cluster.plan.timeScale;
      const limit = left === undefined ? {} : { timeoutMs: Math.max(1, Math.round(most * RESET_SHARE)) };
      await cluster.reset({ signal, ...limit });
    },
    stop: ({ cluster }) => cluster.stop(),
  };
}

async function startInTime(
  options: Omit<RedisClusterOptions, "signal">,
  { signal, time, test }: Borrower,
): Promise<ClusterHandle> {
  const begun = monotonicMs();
  const limitMs = time.leftMs();
  const evidenceDir = evidenceParent(options.evidenceDir);
  try {
    return await startForRunner({ limitMs, evidenceDir }, { ...options, signal });
  } catch (error) {
    if (!(error instanceof RedisClusterError) || error.code !== "START_TIMEOUT") throw error;
    // The start's own limit may be the shorter one.
    if (limitMs === undefined || monotonicMs() - begun < limitMs) throw error;
    throw new RedisClusterError(
      "START_TIMEOUT",
      `The cluster of "${test}" was not ready after ${limitMs} ms; the test may take ${time.limitMs} ms in all. ` +
        `Raise its timeout or testTimeout, and have the image pulled before.\n${messageOf(error)}`,
      { cause: error, details: { ...error.details, timeoutMs: limitMs } },
    );
  }
}
