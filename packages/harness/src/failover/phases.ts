import { lastBefore, ofDeposed, type Acknowledgement, type Term } from "./acknowledgements.ts";
import type { FailoverPhases } from "./failover.ts";
import { isPromotion, type Recorder, type ShardRecord } from "./recorder.ts";
import type { Promotion } from "./shards.ts";
import { CLOCK_SLACK_MS, type Suspicion, suspicionOf } from "./suspicion.ts";
import type { NodeLogLine } from "./watch-logs.ts";

/** What was seen of all shards. */
export type Seen = Pick<Recorder, "lines" | "flags" | "clockErrorMs">;

/** Returns whether the last promotion was requested with `CLUSTER FAILOVER`. */
export function isManual(record: ShardRecord, seen: Seen, sinceMs: number): boolean {
  const { promotion, promotions } = record;
  if (promotion === undefined) return false;
  const fromMs = promotions.at(-2)?.seenAt ?? Number.NEGATIVE_INFINITY;
  const untilMs = (electedAt(promotion, seen.lines) ?? promotion.seenAt) + promotion.slackMs;
  const asked = seen.lines
    .filter(
      ({ node, event, atMs }) =>
        event.kind === "manual" && node === promotion.name && atMs >= fromMs && atMs <= untilMs,
    )
    .map(({ event }) => event)
    .at(-1);
  // A request that came to nothing was not what promoted it.
  if (asked?.kind === "manual") return asked.step !== "expired";
  // Without logs: no node had declared the old primary dead.
  return suspicionFor(record, seen, sinceMs).failed === undefined;
}

/** Returns what the nodes thought of the primary that was replaced last. */
function suspicionFor({ shard, promotion }: ShardRecord, seen: Seen, sinceMs: number): Suspicion {
  const untilMs =
    promotion === undefined
      ? Number.POSITIVE_INFINITY
      : (electedAt(promotion, seen.lines) ?? promotion.seenAt);
  return suspicionOf(promotion?.replaced.id ?? shard.primary.id, seen, sinceMs, untilMs);
}

/** Returns when a node was promoted, by its own log; a takeover needs no election. */
export function electedAt(promotion: Promotion, lines: readonly NodeLogLine[]): number | undefined {
  return promotionLine(promotion, lines)?.atMs;
}

function promotionLine(promotion: Promotion, lines: readonly NodeLogLine[]): NodeLogLine | undefined {
  return lines.findLast(
    (line) =>
      line.node === promotion.name &&
      isPromotion(line) &&
      line.atMs >= promotion.notBefore - promotion.slackMs &&
      line.atMs <= promotion.seenAt + promotion.slackMs,
  );
}

/** Returns when the promoted node acknowledged a write for the first time, as the client that wrote saw it. */
export function recoveredAt(
  { promotion, acknowledgements }: ShardRecord,
  lines: readonly NodeLogLine[],
): number | undefined {
  if (promotion === undefined) return undefined;
  const fromMs = electedAt(promotion, lines) ?? promotion.notBefore;
  return acknowledgements.find(({ node, executedAt }) => node === promotion.name && executedAt >= fromMs)
    ?.atMs;
}

/** Returns who owned the shard, from before the fault on. */
function termsOf({ shard, promotions }: ShardRecord, lines: readonly NodeLogLine[]): readonly Term[] {
  return [
    { node: shard.primary.name, fromMs: Number.NEGATIVE_INFINITY },
    ...promotions.map((each) => ({ node: each.name, fromMs: electedAt(each, lines) ?? each.seenAt })),
  ];
}

/** Returns the last write that was acknowledged before the last promotion, by the primary of that time. */
export function lastWrite(record: ShardRecord, { lines, clockErrorMs }: Seen): Acknowledgement | undefined {
  return lastBefore(record.acknowledgements, termsOf(record, lines), clockErrorMs);
}

/** Returns the writes that a primary acknowledged after another node had been promoted in its place. */
export function deposedWrites(
  record: ShardRecord,
  { lines, clockErrorMs }: Seen,
): readonly Acknowledgement[] {
  return ofDeposed(record.acknowledgements, termsOf(record, lines), clockErrorMs);
}

/** Puts the steps of one shard's last failover together. Pure. @param primaries how many primaries with slots there were. */
export function phasesOf(
  record: ShardRecord,
  seen: Seen,
  sinceMs: number,
  primaries: number,
): FailoverPhases {
  const lines = seen.lines.toSorted((a, b) => a.atMs - b.atMs);
  const { promotion } = record;
  const since = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : Math.round(atMs - sinceMs);
  const { suspected, failed } = suspicionFor(record, { ...seen, lines }, sinceMs);
  const epoch = promotion?.epoch;
  const own = lines.filter(({ node }) => node === promotion?.name);
  const started = own.findLast(({ event }) => event.kind === "election-started" && event.epoch === epoch);
  // A takeover needs no election, so one that was planned before it has nothing to do with it.
  const takenOver = promotion !== undefined && promotionLine(promotion, lines)?.event.kind === "manual";
  const scheduled = own.findLast(
    ({ event, atMs }) =>
      event.kind === "election-scheduled" &&
      !takenOver &&
      atMs >= sinceMs - CLOCK_SLACK_MS &&
      atMs <= (started?.atMs ?? Number.POSITIVE_INFINITY),
  );
  const votes = lines.filter(
    ({ event }) => event.kind === "vote-granted" && event.to === promotion?.id && event.epoch === epoch,
  );
  const needed = Math.floor(primaries / 2) + 1;
  return {
    suspectedMs: since(suspected?.atMs),
    suspectedBy: suspected?.node,
    failedMs: since(failed?.atMs),
    failedBy: failed?.node,
    electionScheduledMs: since(scheduled?.atMs),
    announcedDelayMs: announcedDelay(own, scheduled, started),
    electionStartedMs: since(started?.atMs),
    votesMs: since((votes[needed - 1] ?? votes.at(-1))?.atMs),
    electedMs: since(promotion && electedAt(promotion, lines)),
    servingMs: since(record.servingAt),
    agreedMs: since(record.agreedAt),
    recoveredMs: since(recoveredAt(record, lines)),
    rejoinedMs: since(record.backAt),
  };
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
