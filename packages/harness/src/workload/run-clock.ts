import { monotonicMs, wallClockMs } from "../clock/real-time.ts";

/** Smaller changes of the offset are due to the resolution of the clocks, or to a clock that is being adjusted slowly. */
const TOLERANCE_MS = 3;

/** Maximum time between reading the two clocks. The process may be suspended in between. */
const MAX_READ_MS = 1;
/** Maximum number of attempts to read both clocks within {@link MAX_READ_MS}. */
const MAX_READS = 5;

/** The difference between the clocks, from a time of the monotonic clock on. */
interface ClockOffset {
  readonly from: number;
  /** What must be added to the monotonic clock to get milliseconds since the epoch. */
  readonly offset: number;
}

/**
 * Converts between times of the monotonic clock, which the log contains, and milliseconds since the epoch, which the public API
 * uses. The wall clock jumps when it is set, and when a virtual machine resumes. Times before and after a jump are converted with
 * the offset that was valid at that time.
 */
export class RunClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  readonly #offsets: ClockOffset[];

  constructor(wall: () => number = wallClockMs, monotonic: () => number = monotonicMs) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#offsets = [this.#readOffset()];
  }

  /** Detects a jump of the wall clock. Must be called regularly while the workload runs. */
  detectJump(): void {
    const last = this.#offsets.at(-1) as ClockOffset;
    const current = this.#readOffset();
    if (Math.abs(current.offset - last.offset) > TOLERANCE_MS) this.#offsets.push(current);
  }

  /** Reads both clocks as simultaneously as possible. Of a few attempts the shortest one counts. */
  #readOffset(): ClockOffset {
    let best: ClockOffset | undefined;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < MAX_READS && bestMs > MAX_READ_MS; attempt += 1) {
      const from = this.#monotonic();
      const offset = this.#wall() - from;
      const tookMs = this.#monotonic() - from;
      if (tookMs < bestMs) [best, bestMs] = [{ from, offset }, tookMs];
    }
    return best as ClockOffset;
  }

  /** Converts a time of the monotonic clock to milliseconds since the epoch. */
  toEpoch(at: number): number {
    const offset = this.#offsets.findLast(({ from }) => from <= at) ?? this.#offsets[0];
    return at + (offset as ClockOffset).offset;
  }

  /**
   * Converts milliseconds since the epoch to a time of the monotonic clock. If the wall clock showed the time more than once,
   * returns the latest one, so that no earlier event counts as later. If the wall clock never showed the time, returns the time
   * of the jump.
   */
  fromEpoch(epochMs: number): number {
    this.detectJump();
    let until = Number.POSITIVE_INFINITY;
    for (const { from, offset } of this.#offsets.toReversed()) {
      const at = epochMs - offset;
      if (at >= from) return Math.min(at, until);
      until = from;
    }
    return epochMs - (this.#offsets[0] as ClockOffset).offset;
  }
}
