import type { ShardLedger } from "./ledger.ts";
import type { WorkloadHistory } from "./workload-history.ts";

/** Gaps up to this length are normal on a machine that also runs other programs. */
const NORMAL_GAP_MS = 50;
/** Gaps up to this multiple of the shard's median gap are normal as well. */
const NORMAL_GAP_MEDIANS = 10;

const BUCKETS_PER_OCTAVE = 8;
const MIN_BUCKET_MS = 0.01;

/** An interval of time, by `monotonicMs()`. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** An interval without an acknowledged write. */
interface Gap extends Interval {
  /** The last acknowledgement before the gap. */
  readonly before: number | undefined;
  /** The first acknowledgement after the gap. */
  readonly after: number | undefined;
}

interface ShardState {
  acknowledged: number;
  /** Number of acknowledged writes by the source of the reply. */
  readonly acknowledgedBySource: Map<number, number>;
  lastSuccessAt: number | undefined;
  /** When the first attempt was sent of those that have ended without success since the last success. */
  firstFailureSentAt: number | undefined;
  /** When the latest attempt was sent that ended without success. */
  lastFailureSentAt: number;
  /** When the last attempt without success ended. */
  lastFailureDoneAt: number;
  longestGap: Gap | undefined;
  /** Number of gaps by the logarithm of their length. Only the median is needed, and there may be a million gaps. */
  readonly gapHistogram: Map<number, number>;
}

/**
 * Measures when each shard accepted no writes.
 *
 * A gap between two acknowledgements counts only from the first attempt on. If no writer tried to write, because of a low rate or
 * because all writers waited for another shard, the shard was not unavailable. A gap that had not ended when the writers stopped
 * is reported in addition to the longest gap, because its final length is unknown.
 *
 * @returns one entry for each shard, and the longest gap of all shards; undefined if no shard was unavailable.
 */
export function measureAvailability(history: WorkloadHistory): {
  readonly shards: readonly ShardLedger[];
  readonly longest: Interval | undefined;
} {
  const { log, keyspace } = history;
  const states = Array.from({ length: keyspace.shards }, newState);
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row)) continue;
    const state = states[keyspace.shardOf(log.key(row))] as ShardState;
    const sentAt = log.sentAt(row);
    const doneAt = log.doneAt(row);
    if (log.outcome(row) !== "acknowledged") {
      state.firstFailureSentAt = Math.min(state.firstFailureSentAt ?? sentAt, sentAt);
      state.lastFailureSentAt = Math.max(state.lastFailureSentAt, sentAt);
      state.lastFailureDoneAt = doneAt;
      continue;
    }
    closeGap(state, Math.min(state.firstFailureSentAt ?? sentAt, sentAt), doneAt);
    const source = log.source(row);
    state.acknowledged += 1;
    state.acknowledgedBySource.set(source, (state.acknowledgedBySource.get(source) ?? 0) + 1);
    state.lastSuccessAt = doneAt;
    state.firstFailureSentAt = undefined;
  }
  let longest: Interval | undefined;
  const shards = states.map((state, shard): ShardLedger => {
    const normalMs = maxNormalGapMs(state);
    const openGap = findOpenGap(state, shard, history, normalMs);
    const gap = [state.longestGap, openGap]
      .filter((candidate) => candidate !== undefined)
      .filter((candidate) => lengthOf(candidate) > normalMs)
      .toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
    if (gap !== undefined && (longest === undefined || lengthOf(gap) > lengthOf(longest))) longest = gap;
    return {
      shard,
      acknowledged: state.acknowledged,
      acknowledgedBy: countByNode(state.acknowledgedBySource, history),
      unavailableMs: gap === undefined ? 0 : lengthOf(gap),
      lastSuccessBefore: toEpoch(gap?.before, history),
      firstSuccessAfter: toEpoch(gap?.after, history),
      unavailableAtEndMs: openGap === undefined ? undefined : lengthOf(openGap),
    };
  });
  return { shards, longest };
}

function newState(): ShardState {
  return {
    acknowledged: 0,
    acknowledgedBySource: new Map(),
    lastSuccessAt: undefined,
    firstFailureSentAt: undefined,
    lastFailureSentAt: Number.NEGATIVE_INFINITY,
    lastFailureDoneAt: 0,
    longestGap: undefined,
    gapHistogram: new Map(),
  };
}

function lengthOf({ from, to }: Interval): number {
  return to - from;
}

function toEpoch(at: number | undefined, history: WorkloadHistory): number | undefined {
  return at === undefined ? undefined : history.toEpoch(at);
}

function countByNode(
  bySource: ReadonlyMap<number, number>,
  { nodeNameOf }: WorkloadHistory,
): Record<string, number> {
  const byNode: Record<string, number> = {};
  for (const [source, count] of bySource) {
    const name = nodeNameOf(source) ?? "unknown";
    byNode[name] = (byNode[name] ?? 0) + count;
  }
  return Object.fromEntries(
    Object.entries(byNode).toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true })),
  );
}

/** Ends the gap before an acknowledgement. */
function closeGap(state: ShardState, firstSentAt: number, to: number): void {
  const before = state.lastSuccessAt;
  const from = Math.max(before ?? firstSentAt, firstSentAt);
  const length = to - from;
  const bucket = bucketOf(length);
  state.gapHistogram.set(bucket, (state.gapHistogram.get(bucket) ?? 0) + 1);
  if (state.longestGap === undefined || length > lengthOf(state.longestGap)) {
    state.longestGap = { from, to, before, after: to };
  }
}

/**
 * Returns the gap in which the run ended; undefined if the shard accepted writes at the end.
 *
 * An attempt that was sent after the last success and failed proves a gap, however short the gap is. An attempt that was sent
 * shortly before the last success may have met the same outage, if it hung for long. An attempt that had been in flight for long
 * at the time of the last success proves nothing, because the shard accepted writes in the meantime.
 */
function findOpenGap(
  state: ShardState,
  shard: number,
  history: WorkloadHistory,
  normalMs: number,
): Gap | undefined {
  const { lastSuccessAt, firstFailureSentAt, lastFailureSentAt, lastFailureDoneAt } = state;
  const abandonedAt = findAbandonedAt(shard, history);
  const firstSentAt = firstFailureSentAt ?? abandonedAt;
  if (firstSentAt === undefined) return undefined;
  const from = Math.max(lastSuccessAt ?? firstSentAt, firstSentAt);
  const to = abandonedAt === undefined ? lastFailureDoneAt : history.stoppedAt;
  const gap = { from, to, before: lastSuccessAt, after: undefined };
  if (lastSuccessAt === undefined || abandonedAt !== undefined || lastFailureSentAt >= lastSuccessAt) {
    return gap;
  }
  return lastFailureSentAt >= lastSuccessAt - normalMs && lengthOf(gap) > normalMs ? gap : undefined;
}

/** Returns when the last writer of a shard stopped because its client had ended; undefined if a writer remained. */
function findAbandonedAt(shard: number, { keyspace, endedWriters }: WorkloadHistory): number | undefined {
  if (endedWriters.length === 0) return undefined;
  const endedAt = new Map(endedWriters.map(({ writer, at }) => [writer, at]));
  let last = Number.NEGATIVE_INFINITY;
  for (let key = shard; key < keyspace.keys; key += keyspace.shards) {
    const at = endedAt.get(keyspace.writerOf(key));
    if (at === undefined) return undefined;
    last = Math.max(last, at);
  }
  return last;
}

/**
 * Returns the length up to which gaps of a shard are normal. It depends on the median of the gaps, which is exact to an eighth of
 * an octave (9 %). The longest gap is excluded from the median. Otherwise it would pass as normal if there were hardly any
 * successes.
 */
function maxNormalGapMs({ gapHistogram, longestGap }: ShardState): number {
  const others = new Map(gapHistogram);
  if (longestGap !== undefined) {
    const bucket = bucketOf(lengthOf(longestGap));
    others.set(bucket, (others.get(bucket) ?? 1) - 1);
  }
  const half = [...others.values()].reduce((sum, count) => sum + count, 0) / 2;
  let passed = 0;
  for (const [bucket, count] of [...others].toSorted(([a], [b]) => a - b)) {
    passed += count;
    if (count > 0 && passed >= half) {
      return Math.max(NORMAL_GAP_MS, NORMAL_GAP_MEDIANS * 2 ** (bucket / BUCKETS_PER_OCTAVE));
    }
  }
  return NORMAL_GAP_MS;
}

function bucketOf(length: number): number {
  return Math.floor(BUCKETS_PER_OCTAVE * Math.log2(Math.max(MIN_BUCKET_MS, length)));
}
