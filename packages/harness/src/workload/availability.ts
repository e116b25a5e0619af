import type { History } from "./history.ts";
import type { ShardLedger } from "./ledger.ts";

/** A time without success that is not longer is ordinary on a machine that also does other things. */
const ORDINARY_MS = 50;
/** … and neither is one that is not so many times as long as the shard's median. */
const ORDINARY_MEDIANS = 10;

const BUCKETS = 8;
const SHORTEST_MS = 0.01;

/** From when to when, by `performance.now()`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

interface Gap extends Span {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

interface ShardState {
  acknowledged: number;
  /** The latest acknowledgement. */
  success: number | undefined;
  /** When the earliest attempt was sent that ended without success since then; and when the latest such ended. */
  trying: number | undefined;
  failedUntil: number;
  longest: Gap | undefined;
  /** How many times were so long, by the logarithm of their length: a million of them need no more than the median. */
  readonly lengths: Map<number, number>;
}

/**
 * When each shard took no writes. The time between two acknowledgements counts from the first attempt on: when nobody
 * wanted to write, as with a low rate or with all writers waiting for another shard, nothing was unavailable.
 */
export function judgeAvailability(history: History): {
  readonly shards: readonly ShardLedger[];
  /** The longest of all shards; undefined where none was unavailable. */
  readonly longest: Span | undefined;
} {
  const { log, keyspace, epochOffsetMs } = history;
  const states = Array.from({ length: keyspace.shards }, newState);
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row)) continue;
    const state = states[keyspace.shardOf(log.key(row))] as ShardState;
    const sentAt = log.sentAt(row);
    const doneAt = log.doneAt(row);
    if (log.outcome(row) !== "acknowledged") {
      state.trying = Math.min(state.trying ?? sentAt, sentAt);
      state.failedUntil = doneAt;
      continue;
    }
    close(state, Math.min(state.trying ?? sentAt, sentAt), doneAt, doneAt);
    state.acknowledged += 1;
    state.success = doneAt;
    state.trying = undefined;
  }
  let longest: Span | undefined;
  const shards = states.map((state, shard): ShardLedger => {
    if (state.trying !== undefined) close(state, state.trying, state.failedUntil, undefined);
    const gap = state.longest;
    const { acknowledged } = state;
    const length = gap === undefined ? 0 : gap.to - gap.from;
    if (gap === undefined || length <= ordinaryMs(state)) {
      return {
        shard,
        acknowledged,
        unavailableMs: 0,
        lastSuccessBefore: undefined,
        firstSuccessAfter: undefined,
      };
    }
    if (longest === undefined || length > longest.to - longest.from) longest = gap;
    return {
      shard,
      acknowledged,
      unavailableMs: length,
      lastSuccessBefore: gap.before === undefined ? undefined : gap.before + epochOffsetMs,
      firstSuccessAfter: gap.after === undefined ? undefined : gap.after + epochOffsetMs,
    };
  });
  return { shards, longest };
}

function newState(): ShardState {
  return {
    acknowledged: 0,
    success: undefined,
    trying: undefined,
    failedUntil: 0,
    longest: undefined,
    lengths: new Map(),
  };
}

function close(state: ShardState, wantedFrom: number, to: number, after: number | undefined): void {
  const before = state.success;
  const from = Math.max(before ?? wantedFrom, wantedFrom);
  const length = to - from;
  if (after !== undefined) {
    const bucket = bucketOf(length);
    state.lengths.set(bucket, (state.lengths.get(bucket) ?? 0) + 1);
  }
  if (state.longest === undefined || length > state.longest.to - state.longest.from) {
    state.longest = { from, to, before, after };
  }
}

/**
 * The median of the other times, exact to an eighth of an octave (9 %). Without the longest itself, which would pass
 * for ordinary where there were hardly any successes.
 */
function ordinaryMs({ lengths, longest }: ShardState): number {
  const others = new Map(lengths);
  if (longest?.after !== undefined) {
    const own = bucketOf(longest.to - longest.from);
    others.set(own, (others.get(own) ?? 1) - 1);
  }
  const half = [...others.values()].reduce((sum, count) => sum + count, 0) / 2;
  let passed = 0;
  for (const [bucket, count] of [...others].toSorted(([a], [b]) => a - b)) {
    passed += count;
    if (count > 0 && passed >= half) {
      return Math.max(ORDINARY_MS, ORDINARY_MEDIANS * 2 ** (bucket / BUCKETS));
    }
  }
  return ORDINARY_MS;
}

function bucketOf(length: number): number {
  return Math.floor(BUCKETS * Math.log2(Math.max(SHORTEST_MS, length)));
}
