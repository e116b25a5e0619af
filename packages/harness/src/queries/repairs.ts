/** Counts the calls of a handle that may bring a primary back, such as a restart. While one runs, waiting is not hopeless. */
export class Repairs {
  #running = 0;
  #started = 0;

  /** The number of calls that run now. */
  get running(): number {
    return this.#running;
  }

  /** The number of calls that were started so far. */
  get started(): number {
    return this.#started;
  }

  /** Runs an action that may bring a primary back, and counts it. */
  async during<T>(act: () => Promise<T>): Promise<T> {
    this.#running += 1;
    this.#started += 1;
    try {
      return await act();
    } finally {
      this.#running -= 1;
    }
  }
}
