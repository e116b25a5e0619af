import { messageOf, RedisClusterError } from "../errors.ts";

interface Step {
  readonly what: string;
  readonly undo: () => unknown;
}

/**
 * What has to be undone, last in, first out. Unlike `AsyncDisposableStack` it names its steps, so that a failure
 * says what is left behind, and it can be run again for the steps that failed.
 */
export class CleanupStack {
  #steps: Step[] = [];
  #afterwards: (() => unknown)[] = [];
  #running: Promise<void> | undefined;
  #doing: string | undefined;

  /** What is being undone at this moment. */
  get doing(): string | undefined {
    return this.#doing;
  }

  /** Adds a step. `what` names what would be left behind. */
  add(what: string, undo: () => unknown): void {
    this.#steps.push({ what, undo });
  }

  /**
   * Adds what is to happen once when nothing is left behind: not before, however often running the steps fails. It
   * must not throw.
   */
  whenEmpty(action: () => unknown): void {
    this.#afterwards.push(action);
  }

  /**
   * Runs every step, whatever happens to the others; a second call waits for the first.
   *
   * @throws RedisClusterError CLEANUP_FAILED naming all the steps that failed.
   */
  run(): Promise<void> {
    this.#running ??= this.#runAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #runAll(): Promise<void> {
    const failed: { readonly step: Step; readonly error: unknown }[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      this.#doing = step.what;
      try {
        await step.undo();
      } catch (error) {
        failed.push({ step, error });
      }
    }
    this.#doing = undefined;
    if (failed.length === 0) {
      for (const action of this.#afterwards.splice(0)) await action();
      return;
    }
    this.#steps = failed.map(({ step }) => step).toReversed();
    throw new RedisClusterError(
      "CLEANUP_FAILED",
      `Cleaning up did not work for: ${failed.map(({ step, error }) => `${step.what} (${messageOf(error)})`).join("; ")}.`,
      {
        cause: failed.length === 1 ? failed[0]?.error : new AggregateError(failed.map(({ error }) => error)),
      },
    );
  }
}
