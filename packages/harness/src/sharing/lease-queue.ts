import { abortable } from "../timing/deadline.ts";

/** Grants a lease to one caller at a time, in the order of the calls. */
export class LeaseQueue {
  #last: Promise<void> = Promise.resolve();

  /**
   * Waits for the lease. A caller whose signal aborts loses its place in the queue.
   *
   * @returns a function that releases the lease. A second call of the function does nothing.
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    const previous = this.#last;
    const { promise: ended, resolve: release } = Promise.withResolvers<void>();
    this.#last = previous.then(() => ended);
    try {
      await abortable(previous, signal);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }
}
