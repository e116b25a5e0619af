import { within } from "./within.ts";
import { monotonicMs, pause, wallClockMs } from "../clock/real-time.ts";

const EVERY_MS = 10;
/** The healthy shards of a large cluster together are written to at most every so many milliseconds. */
const SHARE_MS = 2;
/** A write that hangs, as one to a frozen primary does, is given up; the others go on beside it. */
const LIMIT_MS = 250;
const MOST_AT_ONCE = 6;

/** A shard that is written to. */
export interface ProbedShard {
  readonly slot: number;
  /** True from when something seems to be wrong with it: then it is written to at the full pace. */
  readonly troubled: () => boolean;
  /** A write was acknowledged, at a moment of `Date.now()`. */
  readonly onWritten: (ackedMs: number) => void;
}

/**
 * Writes to every shard about every 10 ms until the signal aborts. A new write is begun at every beat, whether or not
 * the last has ended, so that how long a client clings to a dead node does not set how exactly the end is seen.
 */
export async function probeShards(
  shards: readonly ProbedShard[],
  write: (slot: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const healthyMs = Math.max(EVERY_MS, SHARE_MS * shards.length);
  await Promise.all(
    shards.map(async (shard) => {
      const underway = new Set<Promise<void>>();
      let lastSentMs = Number.NEGATIVE_INFINITY;
      while (!signal.aborted) {
        const due = monotonicMs() - lastSentMs >= (shard.troubled() ? EVERY_MS : healthyMs) - 1;
        if (due && underway.size < MOST_AT_ONCE) {
          lastSentMs = monotonicMs();
          const writing = writeOnce(shard, write, signal).finally(() => underway.delete(writing));
          underway.add(writing);
        }
        await pause(EVERY_MS, signal);
      }
      await Promise.all(underway);
    }),
  );
}

async function writeOnce(
  shard: ProbedShard,
  write: (slot: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const limit = new AbortController();
  try {
    await within(write(shard.slot, limit.signal), LIMIT_MS, signal);
    shard.onWritten(wallClockMs());
  } catch {
    // Refused, or too late: while a shard has no primary that is what is to be expected.
    limit.abort();
  }
}
