import type { Failover, ShardFailover } from "../failover/failover.ts";
import type { Ledger, ShardLedger } from "../workload/ledger.ts";

/**
 * A time without acknowledged writes to a shard, in milliseconds since the fault. A write that a replaced primary acknowledged
 * does not end it, because such a write does not last.
 */
export interface WriteGap {
  readonly shard: number;
  readonly fromMs: number;
  /** Undefined if no later write was acknowledged. */
  readonly toMs: number | undefined;
}

/**
 * Returns when writes were not acknowledged: for every shard that failed over, and for every other shard that was unavailable
 * according to the ledger, such as all shards while the cluster_state is fail. If the observation and the ledger both show a gap,
 * the ledger has priority, because its clients may be those of the user. But only the observation shows which acknowledgements
 * came from a replaced primary.
 */
export function writeGaps(failover: Failover, ledger: Ledger | undefined): readonly WriteGap[] {
  const observedGaps = new Map(
    [failover, ...failover.others].map((shard): readonly [number, ObservedGap] => [
      shard.shard,
      toObservedGap(shard),
    ]),
  );
  const gaps = new Map<number, readonly WriteGap[]>([...observedGaps].map(([shard, gap]) => [shard, [gap]]));
  for (const shardLedger of ledger?.shards ?? []) {
    const gap = ledgerGap(shardLedger, failover.since);
    if (gap === undefined || (gap.toMs ?? 0) < 0) continue;
    const observed = observedGaps.get(gap.shard);
    gaps.set(gap.shard, observed === undefined ? [gap] : combine(observed, gap));
  }
  return [...gaps.values()].flat().toSorted((a, b) => a.shard - b.shard);
}

/** Returns the length of a gap in milliseconds; undefined if it did not end. */
export function gapMs({ fromMs, toMs }: WriteGap): number | undefined {
  return toMs === undefined ? undefined : Math.round(toMs - fromMs);
}

function ledgerGap(shard: ShardLedger, since: number): WriteGap | undefined {
  const { unavailableMs, lastSuccessBefore, firstSuccessAfter } = shard;
  if (unavailableMs === 0) return undefined;
  if (firstSuccessAfter !== undefined) {
    const toMs = Math.round(firstSuccessAfter - since);
    return { shard: shard.shard, fromMs: Math.round(toMs - unavailableMs), toMs };
  }
  const fromMs = lastSuccessBefore === undefined ? 0 : Math.round(lastSuccessBefore - since);
  return { shard: shard.shard, fromMs, toMs: undefined };
}

interface ObservedGap extends WriteGap {
  /** The time of the last promotion. Writes that the old primary acknowledged afterwards do not last. */
  readonly promotedMs: number;
}

function toObservedGap({ shard, lastWriteMs, phases, promotions }: ShardFailover): ObservedGap {
  const { electedMs, servingMs, recoveredMs } = phases;
  const promotedMs = promotions.at(-1)?.atMs ?? electedMs ?? servingMs ?? Number.POSITIVE_INFINITY;
  return { shard, fromMs: lastWriteMs ?? 0, toMs: recoveredMs, promotedMs };
}

/** Combines the observed gap of a shard with that of the ledger. Gaps that do not overlap stay two, the observed one first. */
function combine(observed: ObservedGap, fromLedger: WriteGap): readonly WriteGap[] {
  const { shard, fromMs, toMs, promotedMs } = observed;
  const isSeparate =
    fromLedger.fromMs >= (toMs ?? Number.POSITIVE_INFINITY) ||
    (fromLedger.toMs ?? Number.POSITIVE_INFINITY) <= fromMs;
  if (isSeparate) return [observed, fromLedger];
  return [
    {
      shard,
      // Writes before the promotion last. The ledger may contain a later one, or no attempt to write until then.
      fromMs: fromLedger.fromMs <= promotedMs ? fromLedger.fromMs : Math.min(fromMs, fromLedger.fromMs),
      // The promoted node acknowledged no write before `toMs`.
      toMs: fromLedger.toMs === undefined ? undefined : Math.max(fromLedger.toMs, toMs ?? fromLedger.toMs),
    },
  ];
}
