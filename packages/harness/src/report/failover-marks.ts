import type { Failover, ShardFailover, TimelineEvent } from "../failover/failover.ts";
import type { MarkKind } from "./report-data.ts";

/** A mark whose lane is still a node's name, or the shard of a client's lane. */
export interface PlacedMark {
  readonly kind: MarkKind;
  readonly on: string | number;
  readonly atMs: number;
  readonly count: number;
  readonly text: string;
}

/** What the failover did, as marks on the lanes of those whom it happened to. */
export function failoverMarks(failover: Failover): readonly PlacedMark[] {
  const shards = [failover, ...failover.others];
  const promoted = new Set(shards.map((shard) => shard.promoted.name));
  return [
    ...shards.flatMap(phaseMarks),
    ...failover.events.flatMap((event) => eventMark(event, promoted.has(event.node))),
  ];
}

function phaseMarks(failover: ShardFailover): PlacedMark[] {
  const { failed, promoted, promotions, phases, shard, epochAfter } = failover;
  const { count, lastMs } = failover.acknowledgedByOldPrimary;
  // If the shard failed over several times, the phases are those of the last time.
  const dead = (promotions.at(-2) ?? failed).name;
  const writes = count === 1 ? "the only write" : `the last of ${count} writes`;
  const next = promoted.name;
  const by = (name: string | undefined): string => (name === undefined ? "" : ` by ${name}`);
  const delay = phases.announcedDelayMs === undefined ? "" : `, ${phases.announcedDelayMs} ms ahead`;
  return [
    ...mark("fault", failed.name, 0, faultOf(failover)),
    ...promotions
      .slice(0, -1)
      .flatMap(({ name, epoch, atMs }) =>
        mark("elected", name, atMs, `is the primary${epoch === undefined ? "" : `, at epoch ${epoch}`}`),
      ),
    ...mark("suspected", dead, phases.suspectedMs, `suspected${by(phases.suspectedBy)}`),
    ...mark("declared-dead", dead, phases.failedMs, `declared dead${by(phases.failedBy)}`),
    ...mark("election-planned", next, phases.electionScheduledMs, `plans its election${delay}`),
    ...mark("election-started", next, phases.electionStartedMs, "asks for votes"),
    ...mark("elected", next, phases.electedMs, `is the primary, at epoch ${epochAfter}`),
    ...mark("serving", next, phases.servingMs, "is seen to serve the shard"),
    ...mark("agreed", next, phases.agreedMs, "is the primary in the eyes of every node that can be reached"),
    ...mark("first-write", shard, phases.recoveredMs, "the first write to the new primary is acknowledged"),
    ...mark(
      "late-write",
      shard,
      lastMs,
      `${writes} that ${dead} acknowledged after the promotion of ${next}`,
    ),
    ...mark(
      "rejoined",
      failed.name === next ? dead : failed.name,
      phases.rejoinedMs,
      `is back as a replica of ${next}, in sync`,
    ),
  ];
}

function faultOf({ manual, promotions, promoted }: ShardFailover): string {
  if (!manual || promotions.length > 1) return "the fault begins";
  return `begins to hand over to ${promoted.name}, which was asked to take over`;
}

/** Votes, and elections of those who were not promoted in the end. */
function eventMark({ kind, node, atMs, text }: TimelineEvent, promoted: boolean): readonly PlacedMark[] {
  if (kind === "vote-granted") return mark("vote", node, atMs, text);
  if (kind === "vote-denied") return mark("vote-denied", node, atMs, text);
  if (kind === "manual") return mark("manual", node, atMs, text);
  if (kind === "election-started" && !promoted) return mark("election-started", node, atMs, text);
  return [];
}

function mark(kind: MarkKind, on: string | number, atMs: number | undefined, text: string): PlacedMark[] {
  return atMs === undefined ? [] : [{ kind, on, atMs, count: 1, text }];
}
