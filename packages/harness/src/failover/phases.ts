import type { FailoverPhases } from "./failover.ts";
import type { ShardRecord } from "./recorder.ts";
import type { NodeLogLine } from "./watch-logs.ts";

/** Whether the promotion was asked for with `CLUSTER FAILOVER`. */
export function isManual({ shard, promotion, failed }: ShardRecord, lines: readonly NodeLogLine[]): boolean {
  const asked = lines.some(({ node, event }) => event.kind === "manual" && node === promotion?.name);
  // Without logs: nobody had declared the old primary dead.
  return asked || (failed === undefined && firstFailure(shard.primary.id, lines) === undefined);
}

/** When the promoted node was primary, in its own log's words; a takeover needs no election. */
export function electedAt({ promotion }: ShardRecord, lines: readonly NodeLogLine[]): number | undefined {
  return lines.findLast(
    ({ node, event }) =>
      node === promotion?.name &&
      (event.kind === "elected" || (event.kind === "manual" && event.step === "takeover")),
  )?.atMs;
}

/** When a write was acknowledged for the first time after the promotion. */
export function recoveredAt(record: ShardRecord, lines: readonly NodeLogLine[]): number | undefined {
  const from = electedAt(record, lines) ?? record.servingAt;
  return from === undefined ? undefined : record.writtenAt.find((atMs) => atMs >= from);
}

/** Puts the steps of one shard's failover together. Pure. @param primaries how many primaries with slots there were. */
export function phasesOf(
  record: ShardRecord,
  allLines: readonly NodeLogLine[],
  sinceMs: number,
  primaries: number,
): FailoverPhases {
  const lines = allLines.toSorted((a, b) => a.atMs - b.atMs);
  const { shard, promotion } = record;
  const since = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : Math.round(atMs - sinceMs);
  const logged = lines.find(({ event }) => event.kind === "suspected" && event.about === shard.primary.id);
  const [suspected] = [logged, record.suspected].filter((each) => each !== undefined).toSorted(byTime);
  const failed = firstFailure(shard.primary.id, lines) ?? record.failed;
  const epoch = promotion?.epoch;
  const own = lines.filter(({ node }) => node === promotion?.name);
  const started = own.findLast(({ event }) => event.kind === "election-started" && event.epoch === epoch);
  const scheduled = own.findLast(
    ({ event, atMs }) =>
      event.kind === "election-scheduled" && atMs <= (started?.atMs ?? Number.POSITIVE_INFINITY),
  );
  const votes = lines.filter(
    ({ event }) => event.kind === "vote-granted" && event.to === promotion?.id && event.epoch === epoch,
  );
  const needed = Math.floor(primaries / 2) + 1;
  return {
    // Polled views may see a suspicion only after the log told that it had become certain.
    suspectedMs: since(notAfter(suspected, failed)?.atMs),
    suspectedBy: notAfter(suspected, failed)?.node,
    failedMs: since(failed?.atMs),
    failedBy: failed?.node,
    electionScheduledMs: since(scheduled?.atMs),
    announcedDelayMs: announcedDelay(own, scheduled, started),
    electionStartedMs: since(started?.atMs),
    votesMs: since((votes[needed - 1] ?? votes.at(-1))?.atMs),
    electedMs: since(electedAt(record, lines)),
    servingMs: since(record.servingAt),
    agreedMs: since(record.agreedAt),
    recoveredMs: since(recoveredAt(record, lines)),
    rejoinedMs: since(record.backAt),
  };
}

function firstFailure(id: string, lines: readonly NodeLogLine[]): NodeLogLine | undefined {
  const told = lines.filter(({ event }) => event.kind === "failed" && event.about === id).toSorted(byTime);
  const [first] = told;
  // Whoever counted the majority told the others, and with clocks of a millisecond may seem to be second.
  return (
    told.find(
      ({ event, atMs }) => event.kind === "failed" && event.by === "quorum" && atMs - (first?.atMs ?? 0) <= 1,
    ) ?? first
  );
}

/** What was announced, plus later corrections; where the wait was called off, what had passed of it. */
function announcedDelay(
  own: readonly NodeLogLine[],
  scheduled: NodeLogLine | undefined,
  started: NodeLogLine | undefined,
): number | undefined {
  if (scheduled?.event.kind !== "election-scheduled") return undefined;
  let delayMs = scheduled.event.delayMs;
  for (const { event, atMs } of own.slice(own.indexOf(scheduled) + 1)) {
    if (atMs > (started?.atMs ?? Number.POSITIVE_INFINITY)) break;
    if (event.kind === "election-moved") delayMs += event.addedMs;
    if (event.kind === "election-at-once") delayMs = Math.round(atMs - scheduled.atMs);
  }
  return delayMs;
}

interface Timed {
  readonly atMs: number;
}

function byTime(a: Timed, b: Timed): number {
  return a.atMs - b.atMs;
}

function notAfter<T extends Timed>(first: T | undefined, second: Timed | undefined): T | undefined {
  return first !== undefined && second !== undefined && first.atMs > second.atMs ? undefined : first;
}
