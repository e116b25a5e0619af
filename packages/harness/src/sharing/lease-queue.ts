import { abortable } from "../timing/deadline.ts";

/** One after the other, first come first served. */
export class LeaseQueue {
  #last: Promise<void> = Promise.resolve();

  /**
   * Waits for the turn, and gives what ends it; a second call of that does nothing. Whoever stops waiting is passed
   * over.
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    const before = this.#last;
    const { promise: ended, resolve: release } = Promise.withResolvers<void>();
    this.#last = before.then(() => ended);
    try {
      await abortable(before, signal);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }
}
