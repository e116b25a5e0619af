import type { WorkloadHistory } from "./workload-history.ts";
import type { ShardLedger } from "./ledger.ts";

/** A time without success that is not longer is ordinary on a machine that also does other things. */
const ORDINARY_MS = 50;
/** … and neither is one that is not so many times as long as the shard's median. */
const ORDINARY_MEDIANS = 10;

const BUCKETS = 8;
const SHORTEST_MS = 0.01;

/** From when to when, by `monotonicMs()`. */
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
  /** By the number of the connection. */
  readonly acknowledgedOn: Map<number, number>;
  /** The latest acknowledgement. */
  success: number | undefined;
  /** When the earliest attempt was sent that ended without success since then, and the latest; and when the last of them ended. */
  trying: number | undefined;
  triedLast: number;
  failedUntil: number;
  longest: Gap | undefined;
  /** How many times were so long, by the logarithm of their length: a million of them need no more than the median. */
  readonly lengths: Map<number, number>;
}

/**
 * When each shard took no writes. The time between two acknowledgements counts from the first attempt on: when nobody
 * wanted to write, as with a low rate or with all writers waiting for another shard, nothing was unavailable. A time that
 * had not ended when the writers stopped is kept in addition to the longest one: how long it would have become is not known.
 */
export function measureAvailability(history: WorkloadHistory): {
  readonly shards: readonly ShardLedger[];
  /** The longest of all shards; undefined where none was unavailable. */
  readonly longest: Span | undefined;
} {
  const { log, keyspace } = history;
  const states = Array.from({ length: keyspace.shards }, newState);
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row)) continue;
    const state = states[keyspace.shardOf(log.key(row))] as ShardState;
    const sentAt = log.sentAt(row);
    const doneAt = log.doneAt(row);
    if (log.outcome(row) !== "acknowledged") {
      state.trying = Math.min(state.trying ?? sentAt, sentAt);
      state.triedLast = Math.max(state.triedLast, sentAt);
      state.failedUntil = doneAt;
      continue;
    }
    close(state, Math.min(state.trying ?? sentAt, sentAt), doneAt);
    const source = log.source(row);
    state.acknowledged += 1;
    state.acknowledgedOn.set(source, (state.acknowledgedOn.get(source) ?? 0) + 1);
    state.success = doneAt;
    state.trying = undefined;
  }
  let longest: Span | undefined;
  const shards = states.map((state, shard): ShardLedger => {
    const ordinary = ordinaryMs(state);
    const open = openGap(state, shard, history, ordinary);
    const gap = [state.longest, open]
      .filter((each) => each !== undefined)
      .filter((each) => lengthOf(each) > ordinary)
      .toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
    if (gap !== undefined && (longest === undefined || lengthOf(gap) > lengthOf(longest))) longest = gap;
    return {
      shard,
      acknowledged: state.acknowledged,
      acknowledgedBy: byNode(state.acknowledgedOn, history),
      unavailableMs: gap === undefined ? 0 : lengthOf(gap),
      lastSuccessBefore: epochOf(gap?.before, history),
      firstSuccessAfter: epochOf(gap?.after, history),
      unavailableAtEndMs: open === undefined ? undefined : lengthOf(open),
    };
  });
  return { shards, longest };
}

function newState(): ShardState {
  return {
    acknowledged: 0,
    acknowledgedOn: new Map(),
    success: undefined,
    trying: undefined,
    triedLast: Number.NEGATIVE_INFINITY,
    failedUntil: 0,
    longest: undefined,
    lengths: new Map(),
  };
}

function lengthOf({ from, to }: Span): number {
  return to - from;
}

function epochOf(at: number | undefined, { toEpoch }: WorkloadHistory): number | undefined {
  return at === undefined ? undefined : toEpoch(at);
}

function byNode(
  counts: ReadonlyMap<number, number>,
  { nodeNameOf }: WorkloadHistory,
): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [source, count] of counts) {
    const name = nodeNameOf(source) ?? "unknown";
    named[name] = (named[name] ?? 0) + count;
  }
  return Object.fromEntries(
    Object.entries(named).toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true })),
  );
}

/** Ends the time before an acknowledgement. */
function close(state: ShardState, wantedFrom: number, to: number): void {
  const before = state.success;
  const from = Math.max(before ?? wantedFrom, wantedFrom);
  const length = to - from;
  const bucket = bucketOf(length);
  state.lengths.set(bucket, (state.lengths.get(bucket) ?? 0) + 1);
  if (state.longest === undefined || length > lengthOf(state.longest)) {
    state.longest = { from, to, before, after: to };
  }
}

/**
 * The time without success in which the run ended, if there is one. An attempt that was sent after the last success and
 * had none says so, however short the time. One that was sent just before it may have met the same outage, if it hung for
 * long. One that had been under way for long by then says nothing: the shard took writes meanwhile.
 */
function openGap(
  state: ShardState,
  shard: number,
  history: WorkloadHistory,
  ordinary: number,
): Gap | undefined {
  const { success, trying, triedLast, failedUntil } = state;
  const ended = abandonedAt(shard, history);
  const wantedFrom = trying ?? ended;
  if (wantedFrom === undefined) return undefined;
  const from = Math.max(success ?? wantedFrom, wantedFrom);
  const to = ended === undefined ? failedUntil : history.stoppedAt;
  const gap = { from, to, before: success, after: undefined };
  if (success === undefined || ended !== undefined || triedLast >= success) return gap;
  return triedLast >= success - ordinary && lengthOf(gap) > ordinary ? gap : undefined;
}

/** When the last writer of a shard had to stop because its client had ended; undefined while any could write. */
function abandonedAt(shard: number, { keyspace, endedWriters }: WorkloadHistory): number | undefined {
  if (endedWriters.length === 0) return undefined;
  const ended = new Map(endedWriters.map(({ writer, at }) => [writer, at]));
  let last = Number.NEGATIVE_INFINITY;
  for (let key = shard; key < keyspace.keys; key += keyspace.shards) {
    const at = ended.get(keyspace.writerOf(key));
    if (at === undefined) return undefined;
    last = Math.max(last, at);
  }
  return last;
}

/**
 * The median of the other times, exact to an eighth of an octave (9 %). Without the longest itself, which would pass
 * for ordinary where there were hardly any successes.
 */
function ordinaryMs({ lengths, longest }: ShardState): number {
  const others = new Map(lengths);
  if (longest !== undefined) {
    const own = bucketOf(lengthOf(longest));
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
