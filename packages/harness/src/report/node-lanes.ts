import type { Failover, NodeBefore, ShardFailover, TimelineEvent } from "../failover/failover.ts";
import { flattenSpans, type Span } from "./flatten-spans.ts";
import type { LaneState, TimelineLane } from "./report-data.ts";
import type { TimeRange } from "./time-range.ts";

const ALWAYS = Number.NEGATIVE_INFINITY;
/** The role that a node has after an event of a kind. */
const ROLE_EVENTS: Readonly<Record<string, LaneState>> = {
  promoted: "primary",
  elected: "primary",
  demoted: "replica",
  replica: "replica",
  back: "replica",
};

/** Returns one lane for each node, with its states from before the fault until the end. */
export function nodeLanes(failover: Failover, { fromMs, toMs }: TimeRange): readonly TimelineLane[] {
  return failover.nodes.map((node) => ({
    kind: "node",
    name: node.name,
    shard: node.shard,
    bars: flattenSpans(fromMs, toMs, spansOf(node, failover)),
  }));
}

/**
 * Returns the states of a node. More specific states come later: a node that is declared dead may be silent, and was a primary.
 */
function spansOf({ name, roleBefore }: NodeBefore, failover: Failover): readonly Span[] {
  const shards = [failover, ...failover.others];
  const events = failover.events.filter(({ node }) => node === name);
  return [
    { state: roleBefore ?? "unknown", fromMs: ALWAYS },
    ...events.flatMap((event) => roleSpan(event)),
    ...shards.filter(({ promoted }) => promoted.name === name).flatMap(promotedSpans),
    ...silentSpans(events),
    ...shards.filter((shard) => replacedIn(shard) === name).flatMap(failedSpans),
  ];
}

/** Returns the primary that the last promotion replaced. The phases describe its failure. */
function replacedIn({ failed, promotions }: ShardFailover): string {
  return (promotions.at(-2) ?? failed).name;
}

function roleSpan({ kind, atMs }: TimelineEvent): readonly Span[] {
  const state = ROLE_EVENTS[kind];
  return state === undefined ? [] : [{ state, fromMs: atMs }];
}

function promotedSpans({ phases }: ShardFailover): readonly Span[] {
  const { electionScheduledMs, electionStartedMs, electedMs, servingMs } = phases;
  const primaryMs = electedMs ?? servingMs;
  return [
    ...span("election-delay", electionScheduledMs, electionStartedMs ?? primaryMs),
    ...span("election", electionStartedMs, primaryMs),
    ...span("primary", primaryMs),
  ];
}

function failedSpans({ phases }: ShardFailover): readonly Span[] {
  const { suspectedMs, failedMs, rejoinedMs } = phases;
  return [
    ...span("suspected", suspectedMs, failedMs ?? rejoinedMs),
    ...span("declared-dead", failedMs, rejoinedMs),
    ...span("replica", rejoinedMs),
  ];
}

function silentSpans(events: readonly TimelineEvent[]): readonly Span[] {
  return events.flatMap(({ kind, atMs }) => {
    if (kind !== "silent") return [];
    const answer = events.find((event) => event.kind === "answers" && event.atMs >= atMs);
    return span("silent", atMs, answer?.atMs);
  });
}

function span(state: LaneState, fromMs: number | undefined, toMs?: number): readonly Span[] {
  return fromMs === undefined ? [] : [{ state, fromMs, toMs }];
}
