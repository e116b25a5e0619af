import type { Failover, ShardFailover, TimelineEvent } from "../failover/failover.ts";
import type { MarkKind } from "./report-data.ts";

/** A mark that has no lane yet. */
export interface SubjectMark {
  readonly kind: MarkKind;
  /** The name of a node, or the index of a shard if the mark belongs to the client's lane of that shard. */
  readonly subject: string | number;
  /** Milliseconds since the fault. */
  readonly atMs: number;
  readonly count: number;
  readonly text: string;
}

/** Returns the phases and events of a failover as marks of the affected nodes and shards. */
export function failoverMarks(failover: Failover): readonly SubjectMark[] {
  const shards = [failover, ...failover.others];
  const promoted = new Set(shards.map((shard) => shard.promoted.name));
  return [
    ...shards.flatMap(phaseMarks),
    ...failover.events.flatMap((event) => eventMark(event, promoted.has(event.node))),
  ];
}

function phaseMarks(failover: ShardFailover): SubjectMark[] {
  const { failed, promoted, promotions, phases, shard, epochAfter } = failover;
  const { count, lastMs } = failover.acknowledgedByOldPrimary;
  // If the shard failed over several times, the phases are those of the last time.
  const replaced = (promotions.at(-2) ?? failed).name;
  const writes = count === 1 ? "the only write" : `the last of ${count} writes`;
  const next = promoted.name;
  const by = (name: string | undefined): string => (name === undefined ? "" : ` by ${name}`);
  const delay = phases.announcedDelayMs === undefined ? "" : ` with a delay of ${phases.announcedDelayMs} ms`;
  return [
    ...mark("fault", failed.name, 0, faultText(failover)),
    ...promotions
      .slice(0, -1)
      .flatMap(({ name, epoch, atMs }) => mark("elected", name, atMs, electedText(epoch))),
    ...mark("suspected", replaced, phases.suspectedMs, `is suspected${by(phases.suspectedBy)}`),
    ...mark("declared-dead", replaced, phases.failedMs, `is declared dead${by(phases.failedBy)}`),
    ...mark("election-planned", next, phases.electionScheduledMs, `plans its election${delay}`),
    ...mark("election-started", next, phases.electionStartedMs, "requests votes"),
    ...mark("elected", next, phases.electedMs, electedText(epochAfter)),
    ...mark("serving", next, phases.servingMs, "is observed to serve the shard"),
    ...mark("agreed", next, phases.agreedMs, "is the primary in the view of every reachable node"),
    ...mark("first-write", shard, phases.recoveredMs, "the new primary acknowledges its first write"),
    ...mark(
      "late-write",
      shard,
      lastMs,
      `${writes} that ${replaced} acknowledged after the promotion of ${next}`,
    ),
    ...mark(
      "rejoined",
      failed.name === next ? replaced : failed.name,
      phases.rejoinedMs,
      `is back as a replica of ${next}, in sync`,
    ),
  ];
}

function electedText(epoch: number | undefined): string {
  return `becomes the primary${epoch === undefined ? "" : ` with config epoch ${epoch}`}`;
}

function faultText({ manual, promotions, promoted }: ShardFailover): string {
  if (!manual || promotions.length > 1) return "the fault starts";
  return `starts the handover to ${promoted.name}, on which the failover was requested`;
}

/** Returns the marks of votes, of manual failovers, and of elections of nodes that were not promoted at the end. */
function eventMark({ kind, node, atMs, text }: TimelineEvent, isPromoted: boolean): readonly SubjectMark[] {
  if (kind === "vote-granted") return mark("vote", node, atMs, text);
  if (kind === "vote-denied") return mark("vote-denied", node, atMs, text);
  if (kind === "manual") return mark("manual", node, atMs, text);
  if (kind === "election-started" && !isPromoted) return mark("election-started", node, atMs, text);
  return [];
}

function mark(
  kind: MarkKind,
  subject: string | number,
  atMs: number | undefined,
  text: string,
): SubjectMark[] {
  return atMs === undefined ? [] : [{ kind, subject, atMs, count: 1, text }];
}
