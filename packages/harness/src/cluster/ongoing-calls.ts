import { setMaxListeners } from "node:events";

/** The calls of one kind that have not settled. All of them can be ended at once. */
export class OngoingCalls {
  #ending = unlimited();
  readonly #ongoing = new Set<Promise<unknown>>();

  /** Aborts, with the reason, when the calls that are made now are ended. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /**
   * Makes a call.
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
    this.#ending = unlimited();
    ending.abort(reason);
    await Promise.allSettled(ongoing);
  }
}

/** Any number of calls may listen. Older versions of Node print a warning from the eleventh listener of a signal on. */
function unlimited(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
