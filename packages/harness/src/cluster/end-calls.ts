import { messageOf, type RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import type { ClusterContext } from "./cluster-context.ts";

/**
 * The timeout for ending calls, workloads and faults, multiplied by the time scale. Reverting network faults takes one helper
 * container for each of some nodes. The next reset ends the calls, workloads and faults that have not ended by then.
 */
const END_TIMEOUT_MS = 10_000;

/** Returns a signal that aborts when the end of calls, workloads and faults is no longer waited for. */
export function endTimeout({ plan }: Pick<ClusterContext, "plan">): AbortSignal {
  return AbortSignal.timeout(Math.round(END_TIMEOUT_MS * plan.timeScale));
}

/** Ends the ongoing calls and observations of a handle with a reason. A call that does not end in time is left alone. */
export async function endCalls(
  context: Pick<ClusterContext, "calls" | "plan">,
  reason: RedisClusterError,
): Promise<void> {
  const ends = context.calls.end(["call", "observation"], reason);
  await abortable(ends, endTimeout(context)).catch((error: unknown) => {
    log("%s: not every call has ended: %s", context.plan.name, messageOf(error));
  });
}
