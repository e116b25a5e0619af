import { monotonicMs, wallClockMs } from "../clock/real-time.ts";

/** A difference that is not greater is the grain of the clocks, or a clock that is being adjusted slowly. */
const GRAIN_MS = 3;

/** How long two looks at the clocks may take: the process may be held up between them. */
const LOOK_MS = 1;
const LOOKS = 5;

/** From a moment of the monotonic clock on, what has to be added to it for milliseconds since the epoch. */
interface Span {
  readonly from: number;
  readonly offset: number;
}

/**
 * Converts between the monotonic clock, which the log goes by, and milliseconds since the epoch, which users give and
 * get. The wall clock jumps when it is set, and when a virtual machine wakes up; moments before a jump and after it are
 * converted by the offset that was right at their time.
 */
export class RunClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  readonly #spans: Span[];

  constructor(wall: () => number = wallClockMs, monotonic: () => number = monotonicMs) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#spans = [this.#look()];
  }

  /** Looks whether the wall clock has jumped. Is called again and again while the workload runs. */
  check(): void {
    const last = this.#spans.at(-1) as Span;
    const seen = this.#look();
    if (Math.abs(seen.offset - last.offset) > GRAIN_MS) this.#spans.push(seen);
  }

  /** Reads both clocks at the same moment, or as close to each other as a few tries come. */
  #look(): Span {
    let best: Span | undefined;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < LOOKS && bestMs > LOOK_MS; tries += 1) {
      const from = this.#monotonic();
      const offset = this.#wall() - from;
      const tookMs = this.#monotonic() - from;
      if (tookMs < bestMs) [best, bestMs] = [{ from, offset }, tookMs];
    }
    return best as Span;
  }

  /** Milliseconds since the epoch of a moment of the monotonic clock. */
  toEpoch(at: number): number {
    const span = this.#spans.findLast(({ from }) => from <= at) ?? this.#spans[0];
    return at + (span as Span).offset;
  }

  /**
   * The moment of the monotonic clock at which the wall clock showed a time. The latest one if it showed it more than
   * once, so that nothing from before counts as after it; the moment of the jump if it never showed it.
   */
  fromEpoch(epochMs: number): number {
    this.check();
    let until = Number.POSITIVE_INFINITY;
    for (const { from, offset } of this.#spans.toReversed()) {
      const at = epochMs - offset;
      if (at >= from) return Math.min(at, until);
      until = from;
    }
    return epochMs - (this.#spans[0] as Span).offset;
  }
}
