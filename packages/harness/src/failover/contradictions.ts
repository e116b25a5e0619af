import type { Failover, FailoverPhases, ShardFailover, TimelineEvent } from "./failover.ts";

/** Server logs are stamped by clocks that are compared with ours, and a view is as old as its way here. */
const SLACK_MS = 100;

/** Which events a phase is taken from, and of which node; undefined if it may be any. */
interface Source {
  readonly phase: keyof FailoverPhases;
  readonly kinds: readonly string[];
  readonly node: (shard: ShardFailover) => string | undefined;
}

const promoted = ({ promoted: { name } }: ShardFailover): string => name;
const anyNode = (): undefined => undefined;

const SOURCES: readonly Source[] = [
  { phase: "suspectedMs", kinds: ["suspected", "flag"], node: ({ phases }) => phases.suspectedBy },
  { phase: "failedMs", kinds: ["failed", "flag"], node: ({ phases }) => phases.failedBy },
  { phase: "electionScheduledMs", kinds: ["election-scheduled"], node: promoted },
  { phase: "electionStartedMs", kinds: ["election-started"], node: promoted },
  { phase: "votesMs", kinds: ["vote-granted"], node: anyNode },
  { phase: "electedMs", kinds: ["elected", "manual"], node: promoted },
  { phase: "servingMs", kinds: ["serving"], node: promoted },
  { phase: "agreedMs", kinds: ["agreed"], node: promoted },
  { phase: "recoveredMs", kinds: ["recovered"], node: promoted },
  { phase: "rejoinedMs", kinds: ["back"], node: anyNode },
];

/** Phases of which the first cannot be later than the second. */
const ORDER: readonly (readonly [keyof FailoverPhases, keyof FailoverPhases])[] = [
  ["suspectedMs", "failedMs"],
  ["electionScheduledMs", "electionStartedMs"],
  ["electionStartedMs", "votesMs"],
  ["votesMs", "electedMs"],
  ["failedMs", "electedMs"],
  ["electedMs", "servingMs"],
  ["electedMs", "recoveredMs"],
];

/**
 * Returns in which points a failover contradicts itself: phases that no recorded event supports, and phases in an order
 * that the servers' rules exclude. Evidence that was changed, or put together wrongly, proves nothing. Pure. A failover
 * without events, such as one that was written by hand, is only compared with the rules.
 */
export function contradictionsIn(failover: Failover): readonly string[] {
  return [failover, ...failover.others].flatMap((shard) => [
    ...(failover.events.length === 0 ? [] : unsupported(shard, failover.events)),
    ...outOfOrder(shard),
  ]);
}

function unsupported(shard: ShardFailover, events: readonly TimelineEvent[]): readonly string[] {
  return SOURCES.flatMap(({ phase, kinds, node }) => {
    const at = shard.phases[phase];
    if (typeof at !== "number") return [];
    const by = node(shard);
    const supported = events.some(
      (event) =>
        kinds.includes(event.kind) &&
        (by === undefined || event.node === by) &&
        Math.abs(event.atMs - at) <= 1,
    );
    return supported ? [] : [`${phase} of ${shard.promoted.name} is ${at}, and no event was recorded then`];
  });
}

function outOfOrder({ phases, promoted: { name } }: ShardFailover): readonly string[] {
  return ORDER.flatMap(([first, second]) => {
    const [from, to] = [phases[first], phases[second]];
    if (typeof from !== "number" || typeof to !== "number" || from <= to + SLACK_MS) return [];
    return [`${first} of ${name} is ${from}, after ${second} at ${to}`];
  });
}
