import type { Failover, FailoverPhases, ShardFailover, TimelineEvent } from "./failover.ts";
import { lateWritesText } from "./late-writes.ts";

/**
 * Server logs are stamped by clocks that are compared with ours, and a view is as old as its way here. What the clocks of
 * two nodes may be apart comes on top of it.
 */
const SLACK_MS = 100;
/** The times of a failover and of its events are rounded. */
const ROUNDED_MS = 1;

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

/** Events that show a promotion: of the log, of the log of a takeover, of a view. */
const PROMOTION_KINDS: ReadonlySet<string> = new Set(["elected", "manual", "promoted"]);

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
 * Returns in which points a failover contradicts itself: phases, promotions and acknowledgements that no recorded event
 * supports, recorded ones that are missing, and an order of moments that the servers' rules exclude. Evidence that was
 * changed, or put together wrongly, proves nothing. Pure. A failover without events, such as one that was written by hand,
 * is only compared with the rules.
 */
export function contradictionsIn(failover: Failover): readonly string[] {
  const { events, others, clockErrorMs } = failover;
  const shards = [failover, ...others];
  // A failover that an older version wrote down does not have it.
  const slackMs = SLACK_MS + (Number.isFinite(clockErrorMs) ? clockErrorMs : 0);
  return [
    ...shards.flatMap((shard) => [
      ...(events.length === 0 ? [] : [...unsupported(shard, events), ...wrongPromotions(shard, slackMs)]),
      ...outOfOrder(shard, slackMs),
    ]),
    ...(events.length === 0 ? [] : unclaimed(shards, events)),
  ];
}

function unsupported(shard: ShardFailover, events: readonly TimelineEvent[]): readonly string[] {
  return [
    ...SOURCES.flatMap(({ phase, kinds, node }) => {
      const at = shard.phases[phase];
      if (typeof at !== "number") return [];
      const by = node(shard);
      const supported = events.some(
        (event) => kinds.includes(event.kind) && (by === undefined || event.node === by) && isAt(event, at),
      );
      return supported ? [] : [`${phase} of ${shard.promoted.name} is ${at}, and no event was recorded then`];
    }),
    ...unsupportedPromotions(shard, events),
    ...unsupportedWrites(shard, events),
  ];
}

function isAt({ atMs }: TimelineEvent, at: number): boolean {
  return Math.abs(atMs - at) <= ROUNDED_MS;
}

function unsupportedPromotions(
  { promotions }: ShardFailover,
  events: readonly TimelineEvent[],
): readonly string[] {
  return promotions.flatMap(({ name, atMs, epoch }) => {
    const own = events.filter(({ node }) => node === name);
    const seen = own.some((event) => PROMOTION_KINDS.has(event.kind) && isAt(event, atMs));
    const numbered =
      epoch === undefined || own.some(({ text }) => new RegExp(`epoch ${epoch}\\b`).test(text));
    return [
      ...(seen ? [] : [`a promotion of ${name} is at ${atMs}, and no event was recorded then`]),
      ...(numbered ? [] : [`a promotion of ${name} has the epoch ${epoch}, and no event has it`]),
    ];
  });
}

function unsupportedWrites(shard: ShardFailover, events: readonly TimelineEvent[]): readonly string[] {
  const {
    lastWriteMs,
    acknowledgedByOldPrimary: late,
    promoted: { name },
  } = shard;
  const last = lastWriteMs === undefined || events.some((event) => isLastWrite(shard, event));
  const lates = late.count === 0 || events.some((event) => isLateWrite(shard, event));
  return [
    ...(last ? [] : [`lastWriteMs of ${name} is ${lastWriteMs}, and no event was recorded then`]),
    ...(lates
      ? []
      : [`acknowledgedByOldPrimary of ${name} is ${late.count} until ${late.lastMs}, and no event says so`]),
  ];
}

function isLastWrite(shard: ShardFailover, event: TimelineEvent): boolean {
  return event.kind === "last-write" && isOf(shard, event) && isAt(event, shard.lastWriteMs ?? Number.NaN);
}

function isLateWrite(shard: ShardFailover, event: TimelineEvent): boolean {
  const { count, lastMs = Number.NaN } = shard.acknowledgedByOldPrimary;
  return (
    event.kind === "late-write" &&
    isOf(shard, event) &&
    isAt(event, lastMs) &&
    event.text === lateWritesText(count)
  );
}

/** Whether an event is of one of the primaries that a shard had. */
function isOf({ failed, promotions }: ShardFailover, { node }: TimelineEvent): boolean {
  return node === failed.name || promotions.some(({ name }) => name === node);
}

/** By the kind of an event: whether a shard accounts for it. */
const CLAIMS: Readonly<Record<string, (shard: ShardFailover, event: TimelineEvent) => boolean>> = {
  "last-write": isLastWrite,
  "late-write": isLateWrite,
  promoted: ({ promotions }, { node }) => promotions.some(({ name }) => name === node),
};

/** Recorded events that no shard accounts for. */
function unclaimed(shards: readonly ShardFailover[], events: readonly TimelineEvent[]): readonly string[] {
  return events.flatMap((event) => {
    const isClaimed = CLAIMS[event.kind];
    if (isClaimed === undefined || shards.some((shard) => isClaimed(shard, event))) return [];
    return [`${event.node} ${event.text} at ${event.atMs}, and no shard has it`];
  });
}

function outOfOrder(shard: ShardFailover, slackMs: number): readonly string[] {
  const {
    phases,
    promotions,
    promoted: { name },
    lastWriteMs,
    acknowledgedByOldPrimary: late,
  } = shard;
  const pairs: readonly (readonly [first: string, from: unknown, second: string, to: unknown])[] = [
    ...ORDER.map(([first, second]) => [first, phases[first], second, phases[second]] as const),
    ["lastWriteMs", lastWriteMs, "its promotion", promotions.at(-1)?.atMs],
    ["the first promotion", promotions[0]?.atMs, "acknowledgedByOldPrimary.lastMs", late.lastMs],
  ];
  return pairs.flatMap(([first, from, second, to]) => {
    if (typeof from !== "number" || typeof to !== "number" || from <= to + slackMs) return [];
    return [`${first} of ${name} is ${from}, after ${second} at ${to}`];
  });
}

/** What of the promotions and of the old primary's writes does not fit together, or does not fit the rest. */
function wrongPromotions(shard: ShardFailover, slackMs: number): readonly string[] {
  const {
    promotions,
    promoted: { name },
    epochAfter,
    phases: { electedMs },
    acknowledgedByOldPrimary: late,
  } = shard;
  const last = promotions.at(-1);
  const found: string[] = [];
  if (last?.name !== name)
    found.push(`${name} was promoted, and the last promotion is of ${last?.name ?? "no node"}`);
  if (last?.epoch !== epochAfter)
    found.push(`the last promotion has the epoch ${last?.epoch}, and ${name} the epoch ${epochAfter}`);
  if (last !== undefined && electedMs !== undefined && Math.abs(last.atMs - electedMs) > ROUNDED_MS)
    found.push(`electedMs of ${name} is ${electedMs}, and its promotion at ${last.atMs}`);
  for (const [index, { name: next, atMs }] of promotions.entries()) {
    const before = promotions[index - 1];
    if (before !== undefined && before.atMs > atMs + slackMs)
      found.push(`${before.name} was promoted at ${before.atMs}, after ${next} at ${atMs}`);
  }
  if (late.count > 0 !== (late.lastMs !== undefined))
    found.push(`the old primary acknowledged ${late.count} writes, the last at ${late.lastMs}`);
  return found;
}
