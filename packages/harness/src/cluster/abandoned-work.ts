/**
 * Work on the nodes whose caller no longer waits for it, such as the restarts of an aborted reset. All handles of a cluster in this
 * process share it, because two of them must not start the same container at the same time.
 */
export class AbandonedWork {
  #last: Promise<unknown> = Promise.resolve();

  /** Remembers work until it has settled. */
  add(work: Promise<unknown>): void {
    this.#last = Promise.allSettled([this.#last, work]);
  }

  /** Resolves when no such work is under way. Never rejects. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
