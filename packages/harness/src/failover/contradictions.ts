import type { Failover, FailoverPhases, ShardFailover, TimelineEvent } from "./failover.ts";
import { formatLateWrites } from "./format-late-writes.ts";

/**
 * Tolerance for comparisons of times: the clocks of servers are only compared with the clock of this host, and a view is outdated
 * by the time that its reply takes. The possible difference between the clocks of two nodes is added to it.
 */
const TOLERANCE_MS = 100;
/** The times of a failover and of its events are rounded. */
const ROUNDING_MS = 1;

/** The events from which a phase is taken, and their node. The node is undefined if the events may be of any node. */
interface PhaseSource {
  readonly phase: keyof FailoverPhases;
  readonly kinds: readonly string[];
  readonly node: (shard: ShardFailover) => string | undefined;
}

const promotedNode = ({ promoted }: ShardFailover): string => promoted.name;
const anyNode = (): undefined => undefined;

const PHASE_SOURCES: readonly PhaseSource[] = [
  { phase: "suspectedMs", kinds: ["suspected", "flag"], node: ({ phases }) => phases.suspectedBy },
  { phase: "failedMs", kinds: ["failed", "flag"], node: ({ phases }) => phases.failedBy },
  { phase: "electionScheduledMs", kinds: ["election-scheduled"], node: promotedNode },
  { phase: "electionStartedMs", kinds: ["election-started"], node: promotedNode },
  { phase: "votesMs", kinds: ["vote-granted"], node: anyNode },
  { phase: "electedMs", kinds: ["elected", "manual"], node: promotedNode },
  { phase: "servingMs", kinds: ["serving"], node: promotedNode },
  { phase: "agreedMs", kinds: ["agreed"], node: promotedNode },
  { phase: "recoveredMs", kinds: ["recovered"], node: promotedNode },
  { phase: "rejoinedMs", kinds: ["back"], node: anyNode },
];

/** The kinds of events that show a promotion: from the log, from the log of a takeover, and from a view. */
const PROMOTION_KINDS: ReadonlySet<string> = new Set(["elected", "manual", "promoted"]);

/** Pairs of phases. The first phase of a pair cannot be later than the second. */
const PHASE_ORDER: readonly (readonly [keyof FailoverPhases, keyof FailoverPhases])[] = [
  ["suspectedMs", "failedMs"],
  ["electionScheduledMs", "electionStartedMs"],
  ["electionStartedMs", "votesMs"],
  ["votesMs", "electedMs"],
  ["failedMs", "electedMs"],
  ["electedMs", "servingMs"],
  ["electedMs", "recoveredMs"],
];

/**
 * Returns the contradictions in a failover. They show that its data was changed or combined incorrectly, so that it proves
 * nothing:
 *
 * - phases, promotions and acknowledged writes without a recorded event,
 * - recorded promotions and writes that the failover does not contain,
 * - an order of times that the rules of the server exclude.
 *
 * A failover without events, such as one that was written by hand, is only compared with the rules of the server.
 */
export function findContradictions(failover: Failover): readonly string[] {
  const { events, others, clockErrorMs } = failover;
  const shards = [failover, ...others];
  // A failover that was stored by an older version has no clockErrorMs.
  const toleranceMs = TOLERANCE_MS + (Number.isFinite(clockErrorMs) ? clockErrorMs : 0);
  const wrongOrder = shards.map((shard) => findWrongOrder(shard, toleranceMs));
  if (events.length === 0) return wrongOrder.flat();
  return [
    ...shards.flatMap((shard, index) => [
      ...findUnsupportedPhases(shard, events),
      ...findUnsupportedPromotions(shard, events),
      ...findUnsupportedWrites(shard, events),
      ...findInconsistentPromotions(shard, toleranceMs),
      ...(wrongOrder[index] ?? []),
    ]),
    ...findUnclaimedEvents(shards, events),
  ];
}

function findUnsupportedPhases(shard: ShardFailover, events: readonly TimelineEvent[]): readonly string[] {
  return PHASE_SOURCES.flatMap(({ phase, kinds, node }) => {
    const phaseMs = shard.phases[phase];
    if (typeof phaseMs !== "number") return [];
    const source = node(shard);
    const isSupported = events.some(
      (event) =>
        kinds.includes(event.kind) &&
        (source === undefined || event.node === source) &&
        isAtTime(event, phaseMs),
    );
    return isSupported
      ? []
      : [`${phase} of ${shard.promoted.name} is ${phaseMs}, but no event was recorded at that time`];
  });
}

function isAtTime({ atMs }: TimelineEvent, expectedMs: number): boolean {
  return Math.abs(atMs - expectedMs) <= ROUNDING_MS;
}

function findUnsupportedPromotions(
  { promotions }: ShardFailover,
  events: readonly TimelineEvent[],
): readonly string[] {
  return promotions.flatMap(({ name, atMs, epoch }) => {
    const nodeEvents = events.filter(({ node }) => node === name);
    const hasEvent = nodeEvents.some((event) => PROMOTION_KINDS.has(event.kind) && isAtTime(event, atMs));
    const hasEpoch =
      epoch === undefined || nodeEvents.some(({ text }) => new RegExp(`epoch ${epoch}\\b`).test(text));
    return [
      ...(hasEvent ? [] : [`the promotion of ${name} is at ${atMs}, but no event was recorded at that time`]),
      ...(hasEpoch ? [] : [`the promotion of ${name} has the epoch ${epoch}, but no event has this epoch`]),
    ];
  });
}

function findUnsupportedWrites(shard: ShardFailover, events: readonly TimelineEvent[]): readonly string[] {
  const { lastWriteMs, acknowledgedByOldPrimary: lateWrites, promoted } = shard;
  const hasLastWrite = lastWriteMs === undefined || events.some((event) => isLastWrite(shard, event));
  const hasLateWrites = lateWrites.count === 0 || events.some((event) => isLateWrite(shard, event));
  return [
    ...(hasLastWrite
      ? []
      : [`lastWriteMs of ${promoted.name} is ${lastWriteMs}, but no event was recorded at that time`]),
    ...(hasLateWrites
      ? []
      : [
          `acknowledgedByOldPrimary of ${promoted.name} has ${lateWrites.count} writes, the last at ${lateWrites.lastMs}, but no event was recorded for them`,
        ]),
  ];
}

function isLastWrite(shard: ShardFailover, event: TimelineEvent): boolean {
  return (
    event.kind === "last-write" &&
    isOfPrimary(shard, event) &&
    isAtTime(event, shard.lastWriteMs ?? Number.NaN)
  );
}

function isLateWrite(shard: ShardFailover, event: TimelineEvent): boolean {
  const { count, lastMs = Number.NaN } = shard.acknowledgedByOldPrimary;
  return (
    event.kind === "late-write" &&
    isOfPrimary(shard, event) &&
    isAtTime(event, lastMs) &&
    event.text === formatLateWrites(count)
  );
}

/** Returns whether an event belongs to one of the primaries that a shard had. */
function isOfPrimary({ failed, promotions }: ShardFailover, { node }: TimelineEvent): boolean {
  return node === failed.name || promotions.some(({ name }) => name === node);
}

/** For kinds of events that a shard must contain: whether a shard contains the event. */
const CLAIMS: Readonly<Record<string, (shard: ShardFailover, event: TimelineEvent) => boolean>> = {
  "last-write": isLastWrite,
  "late-write": isLateWrite,
  promoted: ({ promotions }, { node }) => promotions.some(({ name }) => name === node),
};

/** Finds recorded events that no shard contains. */
function findUnclaimedEvents(
  shards: readonly ShardFailover[],
  events: readonly TimelineEvent[],
): readonly string[] {
  return events.flatMap((event) => {
    const isClaimed = CLAIMS[event.kind];
    if (isClaimed === undefined || shards.some((shard) => isClaimed(shard, event))) return [];
    return [`the event "${event.node} ${event.text}" at ${event.atMs} is recorded, but no shard contains it`];
  });
}

function findWrongOrder(shard: ShardFailover, toleranceMs: number): readonly string[] {
  const { phases, promotions, promoted, lastWriteMs, acknowledgedByOldPrimary: lateWrites } = shard;
  const pairs: readonly (readonly [first: string, firstMs: unknown, second: string, secondMs: unknown])[] = [
    ...PHASE_ORDER.map(([first, second]) => [first, phases[first], second, phases[second]] as const),
    ["lastWriteMs", lastWriteMs, "its promotion", promotions.at(-1)?.atMs],
    ["the first promotion", promotions[0]?.atMs, "acknowledgedByOldPrimary.lastMs", lateWrites.lastMs],
  ];
  return pairs.flatMap(([first, firstMs, second, secondMs]) => {
    if (typeof firstMs !== "number" || typeof secondMs !== "number") return [];
    if (firstMs <= secondMs + toleranceMs) return [];
    return [`${first} of ${promoted.name} (${firstMs}) is later than ${second} (${secondMs})`];
  });
}

/** Finds values of the promotions and of the late writes that contradict each other or the rest of the failover. */
function findInconsistentPromotions(shard: ShardFailover, toleranceMs: number): readonly string[] {
  const {
    promotions,
    promoted: { name },
    epochAfter,
    phases: { electedMs },
    acknowledgedByOldPrimary: lateWrites,
  } = shard;
  const last = promotions.at(-1);
  const found: string[] = [];
  if (last?.name !== name) {
    found.push(`the promoted node is ${name}, but the last promotion is of ${last?.name ?? "no node"}`);
  }
  if (last?.epoch !== epochAfter) {
    found.push(`the last promotion has the epoch ${last?.epoch}, but ${name} has the epoch ${epochAfter}`);
  }
  if (last !== undefined && electedMs !== undefined && Math.abs(last.atMs - electedMs) > ROUNDING_MS) {
    found.push(`electedMs of ${name} is ${electedMs}, but its promotion is at ${last.atMs}`);
  }
  for (const [index, { name: next, atMs }] of promotions.entries()) {
    const previous = promotions[index - 1];
    if (previous !== undefined && previous.atMs > atMs + toleranceMs) {
      found.push(
        `the promotion of ${previous.name} (${previous.atMs}) is later than the next one, of ${next} (${atMs})`,
      );
    }
  }
  if (lateWrites.count > 0 !== (lateWrites.lastMs !== undefined)) {
    found.push(
      `acknowledgedByOldPrimary has ${lateWrites.count} writes, but the last is at ${lateWrites.lastMs}`,
    );
  }
  return found;
}
