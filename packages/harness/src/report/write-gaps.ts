import type { Failover } from "../failover/failover.ts";
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
 * at the same time, such as all of them while the cluster's state is fail. The ledger's word counts more: its clients
 * may be the user's own.
 */
export function writeGaps(failover: Failover, ledger: Ledger | undefined): readonly WriteGap[] {
  const shards = [failover, ...failover.others];
  const observed = new Map(
    shards.map(({ shard, lastWriteMs, phases }): readonly [number, WriteGap] => [
      shard,
      { shard, fromMs: lastWriteMs ?? 0, toMs: phases.recoveredMs },
    ]),
  );
  for (const each of ledger?.shards ?? []) {
    const gap = ledgerGap(each, failover.since);
    if (gap !== undefined && (gap.toMs ?? 0) >= 0) observed.set(each.shard, gap);
  }
  return [...observed.values()].toSorted((a, b) => a.shard - b.shard);
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
