import { monotonicMs } from "../clock/real-time.ts";
/** What a failed start needs to gather its evidence and to remove what it made, at most. */
const MOST_MARGIN_MS = 5_000;

/** The time limit of a test, as far as its cluster is concerned. */
export interface TimeLeft {
  /** The runner's own limit in milliseconds; undefined where there is none. */
  readonly limitMs: number | undefined;
  /** Milliseconds that are left to begin with a cluster, a margin for its failure aside; undefined: no limit. */
  leftMs(): number | undefined;
}

/**
 * A test's time: `limitMs` from now on, less a quarter of it, or 5 s where that is less, so that what fails in here is
 * told before the runner loses its patience. 0, infinite and undefined limits are none.
 */
export function timeLeft(limitMs: number | undefined, now: () => number = monotonicMs): TimeLeft {
  if (limitMs === undefined || limitMs <= 0 || limitMs === Number.POSITIVE_INFINITY) {
    return { limitMs: undefined, leftMs: () => undefined };
  }
  const end = now() + limitMs - Math.min(MOST_MARGIN_MS, limitMs / 4);
  // A limit of zero would be refused as none at all.
  return { limitMs, leftMs: () => Math.max(1, Math.round(end - now())) };
}
