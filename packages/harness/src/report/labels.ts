import type { LaneState, MarkKind, TimelineBar, TimelineLane } from "./report-data.ts";

/** What a state is called. */
export const STATE_LABELS: Readonly<Record<LaneState, string>> = {
  primary: "primary",
  replica: "replica",
  unknown: "role unknown",
  silent: "silent",
  suspected: "suspected",
  "declared-dead": "declared dead",
  "election-delay": "waits to stand",
  election: "asks for votes",
  writable: "writes acknowledged",
  unavailable: "no writes acknowledged",
};

/** What a mark is called. */
export const MARK_LABELS: Readonly<Record<MarkKind, string>> = {
  fault: "fault",
  suspected: "suspected",
  "declared-dead": "declared dead",
  manual: "manual failover",
  "election-planned": "election planned",
  "election-started": "election started",
  vote: "vote given",
  "vote-denied": "vote refused",
  elected: "elected",
  serving: "seen to serve",
  agreed: "all agree",
  "first-write": "first write",
  "late-write": "late write",
  rejoined: "back in sync",
  lost: "lost",
  stale: "stale",
  duplicated: "duplicated",
};

/** Kinds that mean harm to data. */
export const FINDING_KINDS: ReadonlySet<MarkKind> = new Set<MarkKind>(["lost", "stale", "duplicated"]);

/** The primaries that a shard had, in order: `node-0 → node-3`. */
export function formatPrimaries(shard: {
  readonly failed: string;
  readonly promotions: readonly { readonly name: string }[];
  readonly promoted: string;
}): string {
  const between = shard.promotions.slice(0, -1).map(({ name }) => name);
  return [shard.failed, ...between, shard.promoted].join(" → ");
}

/** `node-3`, or `client, shard 1`. */
export function laneName({ kind, name, shard }: TimelineLane): string {
  return kind === "node" ? name : `${name}, shard ${shard}`;
}

/** From when to when a bar goes; what lies outside of the timeline has no number. */
export function formatBarTimes(bar: TimelineBar, fromMs: number, toMs: number): string {
  const begins = bar.fromMs > fromMs;
  const ends = bar.toMs < toMs;
  if (begins && ends) return `${bar.fromMs} to ${bar.toMs} ms (${bar.toMs - bar.fromMs} ms)`;
  if (begins) return `from ${bar.fromMs} ms on`;
  return ends ? `until ${bar.toMs} ms` : "all the time";
}
