import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Failover, FailoverSubject, ObserveFailoverOptions } from "./failover.ts";
import { gatherEvidence } from "./gather-evidence.ts";
import { electedAt, recoveredAt } from "./phases.ts";
import { prepare } from "./prepare.ts";
import type { Recorder } from "./recorder.ts";
import { report } from "./report.ts";
import { findTooSmallElectorate } from "../view/automatic-failover.ts";
import { isCutOff } from "../view/cluster-state.ts";
import { isTroubled } from "./shards.ts";
import { timeoutError } from "./timeout-error.ts";
import { pause, wallClockMs } from "../clock/real-time.ts";

const LOOK_MS = 10;
/** A log line may come later than the view that shows what it tells: how long the promotion's own lines are waited for. */
const LATE_LINES_MS = 500;

/**
 * Watches the cluster from before the action until it is whole again: another node serves each shard that lost its
 * primary, that node acknowledged a write, and every node that can be reached reports the same. The action does
 * whatever ends in a failover, such as killing a primary; several shards at once are fine.
 *
 * Meanwhile every shard is written to about every 10 ms, straight to its nodes, and every node asked for its view about every 20 ms. All of
 * that has ended when the promise settles. What the action did is not taken back.
 *
 * @throws RedisClusterError FAILOVER_TIMEOUT with the likely reason, every node's view and the election's log lines;
 * FAILOVER_IMPOSSIBLE as soon as a primary failed in a cluster with too few primaries to replace it;
 * WAIT_ABORTED; CLUSTER_STOPPED where the cluster is stopped meanwhile; INVALID_ARGUMENT where `withinMs` is not a number above zero; and whatever the action throws.
 */
export async function observeFailover(
  subject: FailoverSubject,
  action: () => Promise<unknown>,
  options: ObserveFailoverOptions = {},
): Promise<Failover> {
  const { waitForOldPrimary = false } = options;
  const withinMs = limitOf(options, subject.plan);
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
  const signal = AbortSignal.any([stop.signal, subject.stopped]);
  let ended: Promise<unknown> | undefined;
  try {
    const observation = await prepare(subject, signal);
    const { recorder, server } = observation;
    ended = observation.ended;
    // Awaited in the end; until then nobody listens.
    ended.catch(() => {});
    const { sinceMs, endedMs } = await act(action, subject, recorder, signal);
    const limits = { untilMs: sinceMs + withinMs, endedMs };
    const whole = await waitUntilWhole(subject, recorder, limits, waitForOldPrimary, signal);
    if (!whole) {
      const evidence = await gatherEvidence(subject, recorder, { sinceMs, withinMs }, server);
      throw timeoutError(recorder, evidence, sinceMs, waitForOldPrimary);
    }
    await waitForLines(recorder, LATE_LINES_MS * subject.plan.timeScale, signal);
    return report(subject, recorder, server, sinceMs);
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    stop.abort();
    await ended;
  }
}

/** Given and default limits are so many times longer as the cluster's time scale says. */
function limitOf({ withinMs }: ObserveFailoverOptions, { nodeTimeoutMs, timeScale }: ClusterPlan): number {
  if (withinMs === undefined) return 10_000 * timeScale + 8 * nodeTimeoutMs;
  if (withinMs > 0 && Number.isFinite(withinMs)) return withinMs * timeScale;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Observing a failover: expected withinMs to be a number of milliseconds above 0, got ${withinMs}. ` +
      "Leave it out for the default, which is 10 000 ms and eight node timeouts.",
  );
}

/**
 * Does what the caller wants done, and gives the moment when that ended and the moment of the fault: what the result says in `since`, where that lies
 * within the action; else when the first fault began that the action applied; else when the action was called.
 * Something before the fault itself, such as finding the primary, and something after it, such as Docker noticing that a
 * container has ended, is part of most actions.
 */
async function act(
  action: () => Promise<unknown>,
  subject: FailoverSubject,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<{ readonly sinceMs: number; readonly endedMs: number }> {
  const calledMs = wallClockMs();
  const result = await abortable(action(), signal);
  const said = typeof result === "object" && result !== null && "since" in result ? result.since : undefined;
  const endedMs = wallClockMs();
  const within = typeof said === "number" && said >= calledMs && said <= endedMs;
  const sinceMs = within ? said : (subject.firstFaultSince(calledMs) ?? calledMs);
  recorder.note("action", "fault", "the fault begins", sinceMs);
  recorder.note("action", "acted", "the action has ended", endedMs);
  return { sinceMs, endedMs };
}

async function waitUntilWhole(
  subject: FailoverSubject,
  recorder: Recorder,
  { untilMs, endedMs }: { readonly untilMs: number; readonly endedMs: number },
  waitForOldPrimary: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  // The last thing that the action did, such as a second failover, need not show in the views from before its end.
  while (!recorder.hasSeenAllSince(endedMs) || !isWhole(recorder, waitForOldPrimary)) {
    if (wallClockMs() >= untilMs) return false;
    if (findTooSmallElectorate(recorder.records.length) !== undefined) {
      await abortable(subject.refuseHopeless(), signal);
    }
    await pause(LOOK_MS, signal);
    signal.throwIfAborted();
  }
  return true;
}

function isWhole({ records, lines, views, before }: Recorder, waitForOldPrimary: boolean): boolean {
  const promoted = records.filter(({ promotion }) => promotion !== undefined);
  return (
    promoted.length > 0 &&
    records.every(
      // What was in trouble before the fault may stay so.
      ({ promotion, shard }) =>
        promotion !== undefined || !isTroubled(shard, views) || isTroubled(shard, before),
    ) &&
    promoted.every(
      (record) =>
        views.get(record.promotion?.name ?? "")?.kind === "answered" &&
        record.agreedAt !== undefined &&
        recoveredAt(record, lines) !== undefined &&
        (!waitForOldPrimary || record.backAt !== undefined),
    ) &&
    [...views.values()].every((view) => {
      const last = before.get(view.node);
      // A cluster that was broken before need not be whole afterwards.
      const wasBroken = last?.kind === "answered" && last.state !== "ok";
      return view.kind === "silent" || view.state === "ok" || wasBroken || isCutOff(view);
    })
  );
}

/** Gives the log lines of promotions that the views have shown already a moment to arrive. */
async function waitForLines(
  { records, lines }: Recorder,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = wallClockMs() + limitMs;
  const late = (): boolean =>
    records.some(({ promotions }) => promotions.some((each) => electedAt(each, lines) === undefined));
  while (late() && wallClockMs() < untilMs) {
    await pause(LOOK_MS, signal);
    signal.throwIfAborted();
  }
}
