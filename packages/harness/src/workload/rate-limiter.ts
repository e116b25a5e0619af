/** Who was late, because the cluster was away, may make up for so much and no more. */
const CATCH_UP_MS = 20;

/** Shares a rate among the writers, evenly in time and without a burst after a pause. */
export class RateLimiter {
  readonly #intervalMs: number;
  #next = 0;

  constructor(ratePerSecond: number | undefined) {
    this.#intervalMs = ratePerSecond === undefined ? 0 : 1000 / ratePerSecond;
  }

  /** Takes the next turn. Gives how many milliseconds from now it is. */
  delayMs(now: number): number {
    if (this.#intervalMs === 0) return 0;
    const turn = Math.max(this.#next, now - CATCH_UP_MS);
    this.#next = turn + this.#intervalMs;
    return Math.max(0, turn - now);
  }
}
