import { messageOf, RedisClusterError } from "../errors.ts";

/** What a handle ends, and what a cluster removes, in this order. */
export const CLEANUP_ORDER = [
  // Ongoing calls, observations and resets, and waits for the lease.
  "calls",
  "workloads",
  // Faults are reverted if the cluster continues; the connections that faults keep open are closed.
  "faults",
  // The clients of the user.
  "clients",
  // Containers of applications leave the network.
  "attachments",
  // The server that hands out the lease to other processes.
  "lease",
  // Waits until no data file of the option `seed` is being loaded.
  "seed",
  // The library's own connections to the nodes.
  "connections",
  // With their volumes.
  "containers",
  "network",
] as const;

/** A stage of {@link CLEANUP_ORDER}. */
export type CleanupStage = (typeof CLEANUP_ORDER)[number];

interface Step {
  readonly stage: CleanupStage;
  readonly what: string;
  readonly undo: () => unknown;
}

/**
 * The steps that clean up, in the order of their stages, and the newest first within a stage. Unlike an `AsyncDisposableStack` it
 * names its steps, so that a failure says what is left behind, and it can be run again for the steps that failed.
 */
export class CleanupStack {
  #steps: Step[] = [];
  #afterwards: (() => unknown)[] = [];
  #running: Promise<void> | undefined;
  #current: string | undefined;

  /** What is being cleaned up at this moment. */
  get current(): string | undefined {
    return this.#current;
  }

  /** Adds a step, also while others run. `what` names what is left behind if the step fails. */
  add(stage: CleanupStage, what: string, undo: () => unknown): void {
    this.#steps.push({ stage, what, undo });
  }

  /** Adds an action that runs once, when no step is left. It must not throw. */
  whenEmpty(action: () => unknown): void {
    this.#afterwards.push(action);
  }

  /**
   * Runs every step, also if others fail. A second call waits for the first.
   *
   * @throws RedisClusterError CLEANUP_FAILED naming the steps that failed.
   */
  run(): Promise<void> {
    this.#running ??= this.#runAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #runAll(): Promise<void> {
    const failed: { readonly step: Step; readonly error: unknown }[] = [];
    for (let step = this.#takeNext(); step !== undefined; step = this.#takeNext()) {
      this.#current = step.what;
      try {
        await step.undo();
      } catch (error) {
        failed.push({ step, error });
      }
    }
    this.#current = undefined;
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

  #takeNext(): Step | undefined {
    const first = CLEANUP_ORDER.find((stage) => this.#steps.some((step) => step.stage === stage));
    const index = this.#steps.findLastIndex(({ stage }) => stage === first);
    return index === -1 ? undefined : this.#steps.splice(index, 1)[0];
  }
}
