import {
  type Acknowledgement,
  findLastWriteBeforeLastTerm,
  selectLateWrites,
  type Term,
} from "./acknowledgements.ts";
import type { FailoverPhases } from "./failover.ts";
import { isPromotionLine, type Recorder, type ShardRecord } from "./recorder.ts";
import type { Promotion } from "./shards.ts";
import { CLOCK_TOLERANCE_MS, findSuspicion, type Suspicion } from "./suspicion.ts";
import type { NodeLogLine } from "./watch-logs.ts";

/** What was observed of all shards. */
export type Observed = Pick<Recorder, "logLines" | "flagChanges" | "clockErrorMs">;

/** Returns whether the last promotion was requested with `CLUSTER FAILOVER`. */
export function isManual(record: ShardRecord, observed: Observed, sinceMs: number): boolean {
  const { promotion, promotions } = record;
  if (promotion === undefined) return false;
  const fromMs = promotions.at(-2)?.observedAt ?? Number.NEGATIVE_INFINITY;
  const untilMs = replacedAt(promotion, observed) + promotion.toleranceMs;
  const lastStep = observed.logLines.findLast(
    ({ node, event, atMs }) =>
      event.kind === "manual" && node === promotion.name && atMs >= fromMs && atMs <= untilMs,
  )?.event;
  // A request that expired did not cause the promotion.
  if (lastStep?.kind === "manual") return lastStep.step !== "expired";
  // Without log lines: the failover was manual if no node had declared the old primary failed.
  return suspicionFor(record, observed, sinceMs).failed === undefined;
}

/** Returns which nodes suspected the primary that was replaced last. */
function suspicionFor(
  { shard, promotion }: ShardRecord,
  observed: Omit<Observed, "clockErrorMs">,
  sinceMs: number,
): Suspicion {
  const untilMs = promotion === undefined ? Number.POSITIVE_INFINITY : replacedAt(promotion, observed);
  return findSuspicion(promotion?.replaced.id ?? shard.primary.id, observed, sinceMs, untilMs);
}

/**
 * Returns when a promotion replaced the previous primary: by the log of the promoted node, or otherwise when a view showed it.
 */
function replacedAt(promotion: Promotion, { logLines }: Pick<Observed, "logLines">): number {
  return electedAt(promotion, logLines) ?? promotion.observedAt;
}

/** Returns when a node was promoted, by its own log: by winning an election, or by a takeover without one. */
export function electedAt(promotion: Promotion, logLines: readonly NodeLogLine[]): number | undefined {
  return findPromotionLine(promotion, logLines)?.atMs;
}

/**
 * Returns whether log lines about a promotion have not arrived yet: that of the promotion itself, or those of the votes if it was
 * an election.
 *
 * @param primaries the number of primaries that had slots before the fault.
 */
export function isLogIncomplete(
  promotion: Promotion,
  logLines: readonly NodeLogLine[],
  primaries: number,
): boolean {
  if (electedAt(promotion, logLines) === undefined) return true;
  const wasElected = logLines.some(
    ({ node, event }) =>
      node === promotion.name && event.kind === "election-started" && event.epoch === promotion.epoch,
  );
  return wasElected && votesFor(promotion, logLines).length < votesNeeded(primaries);
}

function votesFor(
  promotion: Promotion | undefined,
  logLines: readonly NodeLogLine[],
): readonly NodeLogLine[] {
  return logLines.filter(
    ({ event }) =>
      event.kind === "vote-granted" && event.to === promotion?.id && event.epoch === promotion?.epoch,
  );
}

function votesNeeded(primaries: number): number {
  return Math.floor(primaries / 2) + 1;
}

function findPromotionLine(promotion: Promotion, logLines: readonly NodeLogLine[]): NodeLogLine | undefined {
  return logLines.findLast(
    (line) =>
      line.node === promotion.name &&
      isPromotionLine(line) &&
      line.atMs >= promotion.notBefore - promotion.toleranceMs &&
      line.atMs <= promotion.observedAt + promotion.toleranceMs,
  );
}

/** Returns when the first acknowledgement of a write by the promoted node arrived at this host. */
export function recoveredAt(
  { promotion, acknowledgements }: ShardRecord,
  logLines: readonly NodeLogLine[],
): number | undefined {
  if (promotion === undefined) return undefined;
  const fromMs = electedAt(promotion, logLines) ?? promotion.notBefore;
  return acknowledgements.find(({ node, executedAt }) => node === promotion.name && executedAt >= fromMs)
    ?.atMs;
}

/** Returns the terms of all owners of the shard. The first term started before the fault. */
function termsOf({ shard, promotions }: ShardRecord, observed: Pick<Observed, "logLines">): readonly Term[] {
  return [
    { node: shard.primary.name, fromMs: Number.NEGATIVE_INFINITY },
    ...promotions.map((promotion) => ({ node: promotion.name, fromMs: replacedAt(promotion, observed) })),
  ];
}

/** Returns the last write before the last promotion that the primary of that time acknowledged. */
export function lastWriteBeforePromotion(
  record: ShardRecord,
  observed: Observed,
): Acknowledgement | undefined {
  const terms = termsOf(record, observed);
  return findLastWriteBeforeLastTerm(record.acknowledgements, terms, observed.clockErrorMs);
}

/** Returns the writes that a primary acknowledged after another node had been promoted in its place. */
export function lateWrites(record: ShardRecord, observed: Observed): readonly Acknowledgement[] {
  return selectLateWrites(record.acknowledgements, termsOf(record, observed), observed.clockErrorMs);
}

/**
 * Computes the steps of the last failover of a shard.
 *
 * @param primaries the number of primaries that had slots before the fault.
 */
export function computePhases(
  record: ShardRecord,
  observed: Observed,
  sinceMs: number,
  primaries: number,
): FailoverPhases {
  const logLines = observed.logLines.toSorted((a, b) => a.atMs - b.atMs);
  const { promotion } = record;
  const toPhase = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : Math.round(atMs - sinceMs);
  const { suspected, failed } = suspicionFor(record, { ...observed, logLines }, sinceMs);
  const epoch = promotion?.epoch;
  const promotedLines = logLines.filter(({ node }) => node === promotion?.name);
  const started = promotedLines.findLast(
    ({ event }) => event.kind === "election-started" && event.epoch === epoch,
  );
  // A takeover needs no election. An election that was scheduled before it is unrelated to the promotion.
  const isTakeover =
    promotion !== undefined && findPromotionLine(promotion, logLines)?.event.kind === "manual";
  const scheduled = promotedLines.findLast(
    ({ event, atMs }) =>
      event.kind === "election-scheduled" &&
      !isTakeover &&
      atMs >= sinceMs - CLOCK_TOLERANCE_MS &&
      atMs <= (started?.atMs ?? Number.POSITIVE_INFINITY),
  );
  const votes = votesFor(promotion, logLines);
  return {
    suspectedMs: toPhase(suspected?.atMs),
    suspectedBy: suspected?.node,
    failedMs: toPhase(failed?.atMs),
    failedBy: failed?.node,
    electionScheduledMs: toPhase(scheduled?.atMs),
    announcedDelayMs: computeAnnouncedDelay(promotedLines, scheduled, started),
    electionStartedMs: toPhase(started?.atMs),
    votesMs: toPhase((votes[votesNeeded(primaries) - 1] ?? votes.at(-1))?.atMs),
    electedMs: toPhase(promotion && electedAt(promotion, logLines)),
    servingMs: toPhase(record.servingAt),
    agreedMs: toPhase(record.agreedAt),
    recoveredMs: toPhase(recoveredAt(record, logLines)),
    rejoinedMs: toPhase(record.rejoinedAt),
  };
}

/**
 * Returns the logged delay of an election plus its later corrections. If the delay was cut short, returns the time that had
 * passed.
 */
function computeAnnouncedDelay(
  promotedLines: readonly NodeLogLine[],
  scheduled: NodeLogLine | undefined,
  started: NodeLogLine | undefined,
): number | undefined {
  if (scheduled?.event.kind !== "election-scheduled") return undefined;
  let { delayMs } = scheduled.event;
  for (const { event, atMs } of promotedLines.slice(promotedLines.indexOf(scheduled) + 1)) {
    if (atMs > (started?.atMs ?? Number.POSITIVE_INFINITY)) break;
    if (event.kind === "election-moved") delayMs += event.addedMs;
    if (event.kind === "election-at-once") delayMs = Math.round(atMs - scheduled.atMs);
  }
  return delayMs;
}
