import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf, RedisClusterError, withMissing } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { formByMeeting } from "./form-by-meeting.ts";
import { formByPlaceholder } from "./form-by-placeholder.ts";
import { settle } from "./settle.ts";
import { verify } from "./verify.ts";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";

/** How formation went. */
export interface FormationReport {
  readonly way: "placeholder" | "meet";
  /** Why the placeholder way was given up, where it was. */
  readonly fellBackBecause: string | undefined;
}

/**
 * How long after the last boot the placeholder way may take before the plain one is tried: fifty times what it
 * needs on an idle machine, and a part of the whole start's time at most, so that there is time left to fall back.
 */
function placeholderLimitMs(plan: ClusterPlan): number {
  return Math.floor(Math.min(plan.timeScale * (10_000 + 200 * plan.nodes.length), plan.startupTimeoutMs / 3));
}

/**
 * Takes nodes that boot to one agreed, writable, replicated cluster.
 *
 * @param booting gives each node's connection as soon as it answers; a node that fails to boot aborts the signal.
 * @throws RedisClusterError FORMATION_FAILED, or the signal's reason.
 */
export async function formCluster(
  plan: ClusterPlan,
  booting: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<FormationReport> {
  let fellBackBecause: string | undefined;
  if (plan.formation === "auto") {
    fellBackBecause = await tryPlaceholder(plan, booting, signal);
    if (fellBackBecause === undefined) return { way: "placeholder", fellBackBecause };
  }
  try {
    const connections = await Promise.all(booting);
    await formByMeeting(plan, connections, signal);
    await verify(plan, connections, signal);
    await settle(plan, connections, signal);
  } catch (error) {
    throw failure("meet", fellBackBecause, error, signal);
  }
  return { way: "meet", fellBackBecause };
}

/** Gives undefined where the placeholder way ended in a verified cluster, else the reason why it did not. */
async function tryPlaceholder(
  plan: ClusterPlan,
  booting: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const limit = new AbortController();
  const either = AbortSignal.any([signal, limit.signal]);
  let timer: NodeJS.Timeout | undefined;
  try {
    const forming = formByPlaceholder(plan, booting, either);
    // Heard below; until then the boots are what is waited for.
    forming.catch(() => {});
    const connections = await Promise.all(booting);
    timer = setTimeout(() => limit.abort(), placeholderLimitMs(plan));
    await forming;
    await verify(plan, connections, either);
    await settle(plan, connections, either);
    return undefined;
  } catch (error) {
    if (signal.aborted) throw failure("placeholder", undefined, error, signal);
    return messageOf(error);
  } finally {
    clearTimeout(timer);
    // Where one node failed, the others' polls must not go on into the plain way.
    limit.abort();
  }
}

/** The signal's reason tells that time ran out or who aborted; the error tells what was missing at that moment. */
function failure(
  way: FormationReport["way"],
  fellBackBecause: string | undefined,
  error: unknown,
  signal: AbortSignal,
): RedisClusterError {
  const reason: unknown = signal.reason;
  const missing = messageOf(error);
  const details = { way, fellBackBecause, missing };
  if (signal.aborted && reason instanceof RedisClusterError) {
    return withMissing(reason, missing, error, "Still missing", details);
  }
  return new RedisClusterError("FORMATION_FAILED", `The nodes did not become a cluster: ${missing}`, {
    cause: error,
    details,
  });
}
