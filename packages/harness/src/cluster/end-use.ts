import { messageOf, type RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import type { AbandonedWork } from "./abandoned-work.ts";
import type { ClusterContext } from "./cluster-context.ts";

/**
 * The timeout for ending calls, workloads and faults, multiplied by the time scale. Reverting network faults takes one helper
 * container for each of some nodes. What has not ended by then is ended by the next reset of the same handle.
 */
const END_TIMEOUT_MS = 10_000;

type Context = Pick<ClusterContext, "calls" | "plan">;

/** Ends the ongoing calls and observations of a handle with a reason. A call that does not end in time is left alone. */
export async function endCalls(context: Context, reason: RedisClusterError): Promise<void> {
  const ends = context.calls.end(["call", "observation"], reason);
  await waitFor(context, "not every call has ended", () => ends);
}

/** Ends all ongoing calls of a handle, also a reset. */
export async function endAllCalls(context: Context, reason: RedisClusterError): Promise<void> {
  await Promise.all([endCalls(context, reason), context.calls.end(["reset"], reason)]);
}

/**
 * Reverts the faults of a handle whose cluster continues, because the next user of the cluster does not know them, and waits for
 * abandoned work. Stopped nodes stay stopped. Never rejects.
 */
export async function revertFaults(
  context: Context,
  faults: { revertAll(signal: AbortSignal): Promise<unknown> },
  abandoned: AbandonedWork,
): Promise<void> {
  await waitFor(context, "not everything was reverted", (timeout) =>
    Promise.all([faults.revertAll(timeout), abandoned.settled()]),
  );
}

async function waitFor(
  { plan }: Context,
  problem: string,
  act: (timeout: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const timeout = AbortSignal.timeout(Math.round(END_TIMEOUT_MS * plan.timeScale));
  await abortable(act(timeout), timeout).catch((error: unknown) => {
    log("%s: %s: %s", plan.name, problem, messageOf(error));
  });
}
