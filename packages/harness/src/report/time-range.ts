import type { Failover, ShardFailover } from "../failover/failover.ts";

/** The shortest time that is drawn, and the room on each side of it as a share of it. */
const SHORTEST_MS = 20;
const MARGIN = 0.06;
/** How much more of the time before and after, for what the ledger found there: the failover has to stay readable. */
const MOST_MORE = 0.3;

/** From when to when a timeline goes, in milliseconds since the fault. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The whole failover, and of the ledger's moments those that are near it. */
export function timeRange(failover: Failover, ledgerMs: readonly number[]): TimeRange {
  const last = Math.max(SHORTEST_MS, ...[failover, ...failover.others].flatMap(momentsOf));
  const reach = last * MOST_MORE;
  const near = ledgerMs.filter((atMs) => atMs >= -reach && atMs <= last + reach);
  const first = Math.min(0, ...near);
  const margin = last * MARGIN;
  return {
    fromMs: Math.floor(first - margin),
    toMs: Math.ceil(Math.max(last, ...near) + margin),
  };
}

function momentsOf({ phases, promotions, acknowledgedByOldPrimary }: ShardFailover): readonly number[] {
  const { announcedDelayMs: _, suspectedBy: __, failedBy: ___, ...moments } = phases;
  return [
    ...Object.values(moments),
    ...promotions.map(({ atMs }) => atMs),
    acknowledgedByOldPrimary.lastMs,
  ].filter((atMs) => atMs !== undefined);
}
