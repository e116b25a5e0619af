import type { Failover, ShardFailover } from "../failover/failover.ts";
import type { Ledger, ShardLedger } from "../workload/ledger.ts";

/**
 * A time without acknowledged writes to a shard, in milliseconds since the fault. What a deposed primary acknowledged does
 * not end it: such writes do not last.
 */
export interface WriteGap {
  readonly shard: number;
  readonly fromMs: number;
  /** Undefined where no write came after it. */
  readonly toMs: number | undefined;
}

/**
 * When writes were not acknowledged: of every shard that failed over, and of those that the ledger says were away
 * at the same time, such as all of them while the cluster's state is fail. Of one gap that both saw, the ledger's word
 * counts more, because its clients may be the user's own; but only the observation knows which acknowledgements were a
 * deposed primary's.
 */
export function writeGaps(failover: Failover, ledger: Ledger | undefined): readonly WriteGap[] {
  const observed = new Map(
    [failover, ...failover.others].map((shard): readonly [number, ObservedGap] => [
      shard.shard,
      observedGap(shard),
    ]),
  );
  const gaps = new Map<number, readonly WriteGap[]>([...observed].map(([shard, gap]) => [shard, [gap]]));
  for (const each of ledger?.shards ?? []) {
    const gap = ledgerGap(each, failover.since);
    if (gap === undefined || (gap.toMs ?? 0) < 0) continue;
    const own = observed.get(each.shard);
    gaps.set(each.shard, own === undefined ? [gap] : together(own, gap));
  }
  return [...gaps.values()].flat().toSorted((a, b) => a.shard - b.shard);
}

/** How long a gap is; undefined where it did not end. */
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
  /** When the last promotion was, from which on acknowledgements of the old primary do not last. */
  readonly promotedMs: number;
}

function observedGap({ shard, lastWriteMs, phases, promotions }: ShardFailover): ObservedGap {
  const { electedMs, servingMs, recoveredMs } = phases;
  const promotedMs = promotions.at(-1)?.atMs ?? electedMs ?? servingMs ?? Number.POSITIVE_INFINITY;
  return { shard, fromMs: lastWriteMs ?? 0, toMs: recoveredMs, promotedMs };
}

/** Puts what both saw of a shard together. Gaps that have no moment in common stay two, the observed one first. */
function together(observed: ObservedGap, ledgers: WriteGap): readonly WriteGap[] {
  const { shard, fromMs, toMs, promotedMs } = observed;
  const apart =
    ledgers.fromMs >= (toMs ?? Number.POSITIVE_INFINITY) ||
    (ledgers.toMs ?? Number.POSITIVE_INFINITY) <= fromMs;
  if (apart) return [observed, ledgers];
  return [
    {
      shard,
      // A write before the promotion is kept. The ledger may know a later one, or that no writer tried to write.
      fromMs: ledgers.fromMs <= promotedMs ? ledgers.fromMs : Math.min(fromMs, ledgers.fromMs),
      // The promoted node had acknowledged nothing before.
      toMs: ledgers.toMs === undefined ? undefined : Math.max(ledgers.toMs, toMs ?? ledgers.toMs),
    },
  ];
}
