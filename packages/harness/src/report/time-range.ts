import type { Failover, ShardFailover } from "../failover/failover.ts";

/** The minimum length of a timeline. */
const MIN_LENGTH_MS = 20;
/** The margin on each side, as a share of the length of the failover. */
const MARGIN_SHARE = 0.06;
/** How far findings of the ledger may extend the timeline on each side, so that the failover stays readable. */
const MAX_EXTENSION_SHARE = 0.3;

/** The range of a timeline, in milliseconds since the fault. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Returns a range that contains the whole failover, and those times of the ledger that are near to it. */
export function timeRange(failover: Failover, ledgerTimesMs: readonly number[]): TimeRange {
  const lastMs = Math.max(MIN_LENGTH_MS, ...[failover, ...failover.others].flatMap(timesOf));
  const extensionMs = lastMs * MAX_EXTENSION_SHARE;
  const near = ledgerTimesMs.filter((atMs) => atMs >= -extensionMs && atMs <= lastMs + extensionMs);
  const firstMs = Math.min(0, ...near);
  const marginMs = lastMs * MARGIN_SHARE;
  return {
    fromMs: Math.floor(firstMs - marginMs),
    toMs: Math.ceil(Math.max(lastMs, ...near) + marginMs),
  };
}

function timesOf({ phases, promotions, acknowledgedByOldPrimary }: ShardFailover): readonly number[] {
  const { announcedDelayMs: _, suspectedBy: __, failedBy: ___, ...times } = phases;
  return [
    ...Object.values(times),
    ...promotions.map(({ atMs }) => atMs),
    acknowledgedByOldPrimary.lastMs,
  ].filter((atMs) => atMs !== undefined);
}
