import type { LaneState, MarkKind, TimelineBar, TimelineLane } from "./report-data.ts";

/** The label of each state of a lane. */
export const STATE_LABELS: Readonly<Record<LaneState, string>> = {
  primary: "primary",
  replica: "replica",
  unknown: "role unknown",
  silent: "no answer",
  suspected: "suspected",
  "declared-dead": "declared dead",
  "election-delay": "waiting for election",
  election: "requesting votes",
  writable: "writes acknowledged",
  unavailable: "no writes acknowledged",
};

/** The label of each kind of mark. */
export const MARK_LABELS: Readonly<Record<MarkKind, string>> = {
  fault: "fault",
  suspected: "suspected",
  "declared-dead": "declared dead",
  manual: "manual failover",
  "election-planned": "election planned",
  "election-started": "election started",
  vote: "vote granted",
  "vote-denied": "vote denied",
  elected: "elected",
  serving: "serving",
  agreed: "all agree",
  "first-write": "first write",
  "late-write": "late write",
  rejoined: "back in sync",
  lost: "lost",
  stale: "stale",
  duplicated: "duplicated",
};

/** The kinds of marks that show damaged data. */
export const FINDING_KINDS: ReadonlySet<MarkKind> = new Set<MarkKind>(["lost", "stale", "duplicated"]);

/** Returns the primaries of a shard in chronological order: `node-0 → node-3`. */
export function formatPrimaries(shard: {
  readonly failed: string;
  readonly promotions: readonly { readonly name: string }[];
  readonly promoted: string;
}): string {
  const between = shard.promotions.slice(0, -1).map(({ name }) => name);
  return [shard.failed, ...between, shard.promoted].join(" → ");
}

/** Returns the name of a lane: `node-3`, or `client, shard 1`. */
export function laneName({ kind, name, shard }: TimelineLane): string {
  return kind === "node" ? name : `${name}, shard ${shard}`;
}

/**
 * Returns the times of a bar. An end of the bar that is at an end of the timeline is not named, because the state may be longer.
 */
export function formatBarTimes(bar: TimelineBar, fromMs: number, toMs: number): string {
  const hasStart = bar.fromMs > fromMs;
  const hasEnd = bar.toMs < toMs;
  if (hasStart && hasEnd) return `${bar.fromMs} to ${bar.toMs} ms (${bar.toMs - bar.fromMs} ms)`;
  if (hasStart) return `from ${bar.fromMs} ms on`;
  return hasEnd ? `until ${bar.toMs} ms` : "all the time";
}
