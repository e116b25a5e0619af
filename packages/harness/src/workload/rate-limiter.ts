/** Maximum backlog that the writers may catch up on after the cluster was unavailable. */
const MAX_CATCH_UP_MS = 20;

/** Divides a rate among the writers. Operations are evenly spaced, without a burst after a pause. */
export class RateLimiter {
  readonly #intervalMs: number;
  #nextAt = 0;

  /** @param ratePerSecond the rate of all writers together; undefined for no limit. */
  constructor(ratePerSecond: number | undefined) {
    this.#intervalMs = ratePerSecond === undefined ? 0 : 1000 / ratePerSecond;
  }

  /**
   * Reserves the next operation.
   *
   * @param now the current time, by `monotonicMs()`.
   * @returns the delay from now until the operation, in milliseconds.
   */
  reserve(now: number): number {
    if (this.#intervalMs === 0) return 0;
    const at = Math.max(this.#nextAt, now - MAX_CATCH_UP_MS);
    this.#nextAt = at + this.#intervalMs;
    return Math.max(0, at - now);
  }
}
