import { pause, wallClockMs } from "../clock/real-time.ts";
import { RedisClusterError } from "../errors.ts";
import { readCallOptions } from "../schema/call-options.ts";
import type { Values } from "../schema/read-options.ts";
import { OBSERVE_FAILOVER_OPTIONS } from "./failover-options.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { abortable } from "../timing/deadline.ts";
import { findTooSmallElectorate } from "../view/automatic-failover.ts";
import { isCutOff } from "../view/cluster-state.ts";
import { buildFailover } from "./build-failover.ts";
import { collectFailureState } from "./collect-failure-state.ts";
import type { Failover, ObserveFailoverOptions } from "./failover.ts";
import type { ObservedCluster } from "./observed-cluster.ts";
import { isLogIncomplete, recoveredAt } from "./phases.ts";
import type { Recorder } from "./recorder.ts";
import { isUnhealthy } from "./shards.ts";
import { startObservation } from "./start-observation.ts";
import { createTimeoutError } from "./timeout-error.ts";

const POLL_MS = 10;
/** Maximum time to wait for the log lines of a promotion and its votes, which may arrive later than the view that shows it. */
const LOG_LINES_TIMEOUT_MS = 500;

/** The valid options of an observation. */
export type ValidObserveOptions = Values<ObserveFailoverOptions>;

/**
 * Validates the options of an observation.
 *
 * @throws RedisClusterError INVALID_ARGUMENT with all problems.
 */
export function readObserveOptions(options: ObserveFailoverOptions): ValidObserveOptions {
  return readCallOptions("observeFailover()", OBSERVE_FAILOVER_OPTIONS, options);
}

/**
 * Observes the cluster from before the action until the cluster has recovered. Then each shard that lost its primary has another
 * node that owns its slots and has acknowledged a write, and all reachable nodes report the same. The action must cause a
 * failover, for example by killing a primary. Several shards may fail over at the same time.
 *
 * During the observation every shard is written to about every 10 ms, directly at its nodes, and the view of every node is read
 * about every 20 ms. All of this has ended when the promise settles. The effects of the action are not reverted.
 *
 * @throws RedisClusterError FAILOVER_TIMEOUT with the likely reason, the views of all nodes and the log lines of the election.
 * @throws RedisClusterError FAILOVER_IMPOSSIBLE as soon as a primary failed in a cluster with too few primaries to replace it.
 * @throws RedisClusterError INVALID_ARGUMENT if no primary owns slots before the action.
 * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
 * @throws RedisClusterError CLUSTER_STOPPED if the cluster is stopped meanwhile.
 * @throws the error of the action.
 */
export async function observeFailover(
  cluster: ObservedCluster,
  action: () => Promise<unknown>,
  options: ValidObserveOptions,
): Promise<Failover> {
  const { waitForOldPrimary = false } = options;
  const withinMs = resolveTimeout(options.withinMs, cluster.plan);
  const stop = new AbortController();
  const onAbort = (): void => {
    stop.abort(
      new RedisClusterError("WAIT_ABORTED", "Observing a failover: aborted by the caller's signal.", {
        cause: options.signal?.reason,
      }),
    );
  };
  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });
  const signal = AbortSignal.any([stop.signal, cluster.endSignal]);
  let ended: Promise<unknown> | undefined;
  try {
    const observation = await startObservation(cluster, signal);
    const { recorder, server } = observation;
    ended = observation.ended;
    // It is awaited at the end. A rejection before that must not be reported as unhandled.
    ended.catch(() => {});
    const { sinceMs, endedMs } = await runAction(action, cluster, recorder, signal);
    const times = { untilMs: sinceMs + withinMs, endedMs };
    if (!(await waitForRecovery(cluster, recorder, times, waitForOldPrimary, signal))) {
      const state = await collectFailureState(cluster, recorder, { sinceMs, withinMs }, server);
      throw createTimeoutError(recorder, state, sinceMs, waitForOldPrimary);
    }
    await waitForLogLines(recorder, LOG_LINES_TIMEOUT_MS * cluster.plan.timeScale, signal);
    return buildFailover(cluster, recorder, server, sinceMs);
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    stop.abort();
    await ended;
  }
}

/**
 * Returns the timeout of the observation, multiplied by the time scale. The node timeout of the plan is already multiplied by it.
 */
function resolveTimeout(withinMs: number | undefined, { nodeTimeoutMs, timeScale }: ClusterPlan): number {
  return withinMs === undefined ? 10_000 * timeScale + 8 * nodeTimeoutMs : withinMs * timeScale;
}

/**
 * Runs the action. Returns when the fault began and when the action ended.
 *
 * The fault began at `since` of the action's result if that time is within the action. Otherwise it is when the first fault of
 * this library began during the action, or else when the action was called. The action itself is not a good measure: most actions
 * do something before the fault, such as finding the primary, and something after it, such as waiting until Docker has noticed
 * that a container has ended.
 */
async function runAction(
  action: () => Promise<unknown>,
  cluster: ObservedCluster,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<{ readonly sinceMs: number; readonly endedMs: number }> {
  const calledMs = wallClockMs();
  const result = await abortable(action(), signal);
  const since = typeof result === "object" && result !== null && "since" in result ? result.since : undefined;
  const endedMs = wallClockMs();
  const isWithinAction = typeof since === "number" && since >= calledMs && since <= endedMs;
  const sinceMs = isWithinAction ? since : (cluster.firstFaultSince(calledMs) ?? calledMs);
  recorder.addEvent("action", "fault", "the fault begins", sinceMs);
  recorder.addEvent("action", "acted", "the action has ended", endedMs);
  return { sinceMs, endedMs };
}

/** Waits until the cluster has recovered. Returns false if it has not recovered at `untilMs`. */
async function waitForRecovery(
  cluster: ObservedCluster,
  recorder: Recorder,
  { untilMs, endedMs }: { readonly untilMs: number; readonly endedMs: number },
  waitForOldPrimary: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  // Views from before the end of the action may not show its last effect yet, such as a second failover.
  while (!recorder.hasSeenAllSince(endedMs) || !hasRecovered(recorder, waitForOldPrimary)) {
    if (wallClockMs() >= untilMs) return false;
    if (findTooSmallElectorate(recorder.records.length) !== undefined) {
      await abortable(cluster.requireFailoverPossible(), signal);
    }
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
  }
  return true;
}

function hasRecovered(
  { records, logLines, views, viewsBefore }: Recorder,
  waitForOldPrimary: boolean,
): boolean {
  const promoted = records.filter(({ promotion }) => promotion !== undefined);
  return (
    promoted.length > 0 &&
    records.every(
      // A shard that was unhealthy before the fault may stay unhealthy.
      ({ promotion, shard }) =>
        promotion !== undefined || !isUnhealthy(shard, views) || isUnhealthy(shard, viewsBefore),
    ) &&
    promoted.every(
      (record) =>
        views.get(record.promotion?.name ?? "")?.kind === "answered" &&
        record.agreedAt !== undefined &&
        recoveredAt(record, logLines) !== undefined &&
        (!waitForOldPrimary || record.rejoinedAt !== undefined),
    ) &&
    [...views.values()].every((view) => {
      const before = viewsBefore.get(view.node);
      // A node whose cluster_state was not ok before the fault may stay so.
      const wasDown = before?.kind === "answered" && before.state !== "ok";
      return view.kind === "silent" || view.state === "ok" || wasDown || isCutOff(view);
    })
  );
}

/** Waits for the log lines of promotions that the views have already shown. Resolves at the latest after `timeoutMs`. */
async function waitForLogLines(
  { records, logLines }: Recorder,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = wallClockMs() + timeoutMs;
  const isLineMissing = (): boolean =>
    records.some(({ promotions }) =>
      promotions.some((promotion) => isLogIncomplete(promotion, logLines, records.length)),
    );
  while (isLineMissing() && wallClockMs() < untilMs) {
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
  }
}
