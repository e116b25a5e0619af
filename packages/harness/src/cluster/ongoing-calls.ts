import { setMaxListeners } from "node:events";

/** The calls of one kind that have not settled. All of them can be ended at once. */
export class OngoingCalls {
  #ending = createUnlimitedController();
  readonly #ongoing = new Set<Promise<unknown>>();

  /** Returns a signal that aborts, with the reason, when the current calls are ended. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /**
   * Runs a call.
   *
   * @param act receives a signal that aborts, with the reason, if the call is ended before it has settled.
   */
  async run<T>(act: (ended: AbortSignal) => Promise<T>): Promise<T> {
    const call = act(this.#ending.signal);
    this.#ongoing.add(call);
    try {
      return await call;
    } finally {
      this.#ongoing.delete(call);
    }
  }

  /** Ends every ongoing call with the reason, and resolves once all of them have settled. Later calls are not affected. */
  async end(reason: unknown): Promise<void> {
    const ongoing = [...this.#ongoing];
    const ending = this.#ending;
    this.#ending = createUnlimitedController();
    ending.abort(reason);
    await Promise.allSettled(ongoing);
  }
}

/** Returns a controller whose signal may have any number of listeners. Older versions of Node.js warn about the eleventh one. */
function createUnlimitedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
