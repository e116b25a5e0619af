import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf, RedisClusterError, withMissing } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { finishFormation } from "./finish-formation.ts";
import { formByMeeting } from "./form-by-meeting.ts";
import { formByPlaceholder } from "./form-by-placeholder.ts";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";

/** How the cluster was formed. */
export interface FormationReport {
  /** The strategy that succeeded. */
  readonly strategy: "placeholder" | "meet";
  /** Why the strategy `placeholder` failed; undefined if it succeeded or was not tried. */
  readonly fallbackReason: string | undefined;
}

/**
 * Returns the timeout of the strategy `placeholder` in milliseconds, which starts when the last node has booted. It is fifty times
 * what the strategy needs on an idle machine. It is limited to a third of the timeout of the start, so that there is enough time
 * left for the fallback.
 */
function placeholderTimeoutMs(plan: ClusterPlan): number {
  return Math.floor(Math.min(plan.timeScale * (10_000 + 200 * plan.nodes.length), plan.startupTimeoutMs / 3));
}

/**
 * Forms one cluster of booting nodes. Resolves when all nodes agree, every shard accepts writes, and the replicas are in sync.
 *
 * @param booting one promise for each node, in the order of the plan. It resolves with the connection when the node answers. If a
 * node fails to boot, the caller must abort the signal.
 * @throws RedisClusterError FORMATION_FAILED if a node rejects a command that is not retried.
 * @throws RedisClusterError the code of the reason with which the signal aborts. The error also names what was missing.
 */
export async function formCluster(
  plan: ClusterPlan,
  booting: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<FormationReport> {
  let fallbackReason: string | undefined;
  if (plan.formation === "auto") {
    fallbackReason = await tryPlaceholder(plan, booting, signal);
    if (fallbackReason === undefined) return { strategy: "placeholder", fallbackReason };
  }
  try {
    const connections = await Promise.all(booting);
    await formByMeeting(plan, connections, signal);
    await finishFormation(plan, connections, signal);
  } catch (error) {
    throw formationError("meet", fallbackReason, error, signal);
  }
  return { strategy: "meet", fallbackReason };
}

/** Tries the strategy `placeholder`. Returns undefined if it formed a verified cluster, and otherwise the reason why it failed. */
async function tryPlaceholder(
  plan: ClusterPlan,
  booting: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const ended = new AbortController();
  const formingSignal = AbortSignal.any([signal, ended.signal]);
  let timer: NodeJS.Timeout | undefined;
  try {
    const forming = formByPlaceholder(plan, booting, formingSignal);
    // A failure is handled when the promise is awaited below, after the boots.
    forming.catch(() => {});
    const connections = await Promise.all(booting);
    timer = setTimeout(() => ended.abort(), placeholderTimeoutMs(plan));
    await forming;
    await finishFormation(plan, connections, formingSignal);
    return undefined;
  } catch (error) {
    if (signal.aborted) throw formationError("placeholder", undefined, error, signal);
    return messageOf(error);
  } finally {
    clearTimeout(timer);
    // If one node has failed, the polls of the other nodes must not continue during the fallback.
    ended.abort();
  }
}

/**
 * Returns the error to throw. If the signal is aborted, its reason says whether the timeout passed or the caller aborted, and
 * `error` what was missing at that moment.
 */
function formationError(
  strategy: FormationReport["strategy"],
  fallbackReason: string | undefined,
  error: unknown,
  signal: AbortSignal,
): RedisClusterError {
  const reason: unknown = signal.reason;
  const missing = messageOf(error);
  // The second pair has the names of earlier versions.
  const details = { strategy, fallbackReason, way: strategy, fellBackBecause: fallbackReason, missing };
  if (signal.aborted && reason instanceof RedisClusterError) {
    return withMissing(reason, missing, error, "Still missing", details);
  }
  return new RedisClusterError("FORMATION_FAILED", `Forming the cluster failed: ${missing}`, {
    cause: error,
    details,
  });
}
