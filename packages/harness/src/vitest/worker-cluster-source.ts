import { monotonicMs } from "../clock/real-time.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { ClusterHandle } from "../handle/cluster-handle.ts";
import type { RedisClusterOptions } from "../start/options.generated.ts";
import { startForRunner } from "../start/start-redis-cluster.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { optionsKey } from "./options-key.ts";
import { evidenceRoot } from "./evidence-root.ts";
import type { TestRequest } from "./test-request.ts";

/** The share of the remaining time that a reset may take. The rest is for a new start if the reset fails. */
const RESET_SHARE = 0.6;

/** Returns the source of clusters that the worker itself starts, all with the same options. */
export function workerClusterSource(
  options: Omit<RedisClusterOptions, "signal">,
): ClusterSource<ClusterHandle> {
  return {
    key: optionsKey(options),
    start: (request) => startWithinDeadline(options, request),
    reset: async ({ cluster }, { signal, deadline }) => {
      const remainingMs = deadline.remainingMs();
      // The timeout of Vitest does not depend on the time scale of the cluster, by which the call multiplies its timeout.
      const maxMs = (remainingMs ?? 0) / cluster.plan.timeScale;
      const timeout =
        remainingMs === undefined ? {} : { timeoutMs: Math.max(1, Math.round(maxMs * RESET_SHARE)) };
      await cluster.reset({ signal, ...timeout });
    },
    stop: ({ cluster }) => cluster.stop(),
  };
}

async function startWithinDeadline(
  options: Omit<RedisClusterOptions, "signal">,
  { signal, deadline, test }: TestRequest,
): Promise<ClusterHandle> {
  const startedAt = monotonicMs();
  const timeoutMs = deadline.remainingMs();
  const evidenceDir = evidenceRoot(options.evidenceDir);
  try {
    return await startForRunner({ timeoutMs, evidenceDir }, { ...options, signal });
  } catch (error) {
    if (!(error instanceof RedisClusterError) || error.code !== "START_TIMEOUT") throw error;
    // The option `startupTimeoutMs` may be the shorter timeout.
    if (timeoutMs === undefined || monotonicMs() - startedAt < timeoutMs) throw error;
    throw new RedisClusterError(
      "START_TIMEOUT",
      `The cluster of "${test}" was not ready after ${timeoutMs} ms. The timeout of the test is ${deadline.timeoutMs} ms. ` +
        `Increase it with \`testTimeout\` or the test's own \`timeout\`, and pull the image before the run.\n${messageOf(error)}`,
      { cause: error, details: { ...error.details, timeoutMs } },
    );
  }
}
