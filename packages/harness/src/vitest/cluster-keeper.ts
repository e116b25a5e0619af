import { messageOf, RedisClusterError } from "../errors.ts";
import type { Borrower, Source } from "./borrower.ts";
import { FailedStarts } from "./failed-starts.ts";

/** What a test was given. */
export interface Borrowed<T> {
  readonly cluster: T;
  /** Why it is a fresh one although there was one already; undefined otherwise. */
  readonly replacedBecause: string | undefined;
  /** Ends the test's turn, and with it a cluster that it had alone. */
  giveBack(): Promise<void>;
}

interface Kept<T> {
  readonly home: string;
  source: Source<T>;
  cluster: T | undefined;
  holder: string | undefined;
  /** The start or reset under way; the end of the worker waits for it, so that nothing is left behind. */
  work: Promise<unknown>;
}

/**
 * The clusters of one worker: one for each set of options, kept from test to test and made as new before the next
 * test. Before and not after, because a failed test's cluster is then still there to be looked at, and the last
 * test's traces need no cleaning: they go with the cluster.
 */
export class ClusterKeeper<T> {
  readonly #kept = new Map<string, Kept<T>>();
  readonly #failed = new FailedStarts();
  #alone = 0;

  /**
   * Gives a test its turn at a cluster that is as good as new.
   *
   * @param home who ends it: everything of one home is stopped together.
   * @param alone whether it is to be a fresh one that no other test gets.
   * @throws RedisClusterError CLUSTER_IN_USE while another test has it.
   */
  async borrow(source: Source<T>, home: string, borrower: Borrower, alone = false): Promise<Borrowed<T>> {
    if (alone) this.#alone += 1;
    const key = `${home} ${source.key}${alone ? ` alone ${this.#alone}` : ""}`;
    const kept = this.#kept.get(key) ?? this.#place(key, home, source);
    if (kept.holder !== undefined) throw inUse(kept.holder, borrower.test);
    kept.holder = borrower.test;
    kept.source = source;
    try {
      this.#failed.refuse(source.key, borrower);
      const work = this.#ready(kept, borrower);
      kept.work = work.catch(() => {});
      const replacedBecause = await work;
      // Aborted at the last moment: nobody would give it back.
      borrower.signal.throwIfAborted();
      return {
        cluster: kept.cluster as T,
        replacedBecause,
        giveBack: async () => {
          if (alone) {
            await this.#stop(kept);
            this.#kept.delete(key);
          }
          kept.holder = undefined;
        },
      };
    } catch (error) {
      kept.holder = undefined;
      throw error;
    }
  }

  /** Stops everything of one home, also what is still being started. */
  async stopHome(home: string): Promise<void> {
    const mine = [...this.#kept].filter(([, kept]) => kept.home === home);
    for (const [key] of mine) this.#kept.delete(key);
    const ends = await Promise.allSettled(
      mine.map(async ([, kept]) => {
        await kept.work;
        await this.#stop(kept);
      }),
    );
    const failed = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
    if (failed.length === 1) throw failed[0];
    if (failed.length > 1) throw new AggregateError(failed, failed.map(messageOf).join("\n"));
  }

  #place(key: string, home: string, source: Source<T>): Kept<T> {
    const kept: Kept<T> = {
      home,
      source,
      cluster: undefined,
      holder: undefined,
      work: Promise.resolve(),
    };
    this.#kept.set(key, kept);
    return kept;
  }

  async #ready(kept: Kept<T>, borrower: Borrower): Promise<string | undefined> {
    const replacedBecause = await this.#renew(kept, borrower);
    if (kept.cluster !== undefined) return undefined;
    const noteFailure = this.#failed.begin(kept.source.key, borrower);
    try {
      kept.cluster = await kept.source.start(borrower);
      this.#failed.forget(kept.source.key);
    } catch (error) {
      // One that somebody else started may be there again for the next test, and costs it nothing if not.
      // What a reset that failed left of the test's time says nothing of a start that has all of it.
      if (kept.source.replaceable !== false && replacedBecause === undefined) {
        noteFailure(error);
      }
      throw replacedBecause === undefined ? error : afterFailedReset(error, replacedBecause);
    }
    return replacedBecause;
  }

  /** Renews what is there, and removes it where that fails; gives the reason then. */
  async #renew(kept: Kept<T>, borrower: Borrower): Promise<string | undefined> {
    if (kept.cluster === undefined) return undefined;
    try {
      await kept.source.renew(kept.cluster, borrower);
      return undefined;
    } catch (error) {
      await this.#stop(kept);
      // A cluster that somebody else started can only be left alone; it is connected anew by the next test.
      if (kept.source.replaceable === false || borrower.signal.aborted) throw error;
      return messageOf(error);
    }
  }

  async #stop(kept: Kept<T>): Promise<void> {
    const { cluster } = kept;
    if (cluster === undefined) return;
    await kept.source.stop(cluster);
    kept.cluster = undefined;
  }
}

function inUse(holder: string, test: string): RedisClusterError {
  return new RedisClusterError(
    "CLUSTER_IN_USE",
    `"${test}" wants the cluster that "${holder}" is using: tests that run at the same time would break it for each ` +
      `other. Give each its own with redisClusterTest({ scope: "test" }), or run them one after the other.`,
    { details: { holder, test } },
  );
}

function afterFailedReset(error: unknown, reason: string): RedisClusterError {
  const known = error instanceof RedisClusterError;
  return new RedisClusterError(
    known ? error.code : "START_FAILED",
    `${messageOf(error)}\nThis start had only the time that a failed reset had left (${reason}). The next test starts a ` +
      "cluster with all of its time.",
    { cause: error, details: known ? error.details : {} },
  );
}
