import { messageOf, RedisClusterError } from "../errors.ts";
import type { Borrower } from "./borrower.ts";

interface FailedStart {
  readonly error: RedisClusterError;
  readonly test: string;
  readonly file: string;
  readonly limitMs: number | undefined;
}

/**
 * Starts that failed, so that every other test that needs the same cluster fails at once instead of waiting for the
 * same failure again. Each file tries once more, and so does a test that has more time than the one that failed.
 */
export class FailedStarts {
  readonly #failed = new Map<string, FailedStart>();

  /** @throws RedisClusterError with the code of the start that failed before. */
  refuse(key: string, { file, time }: Borrower): void {
    const before = this.#failed.get(key);
    if (before === undefined || before.file !== file || hasMore(time.limitMs, before.limitMs)) return;
    const [reason = ""] = before.error.message.split("\n");
    throw new RedisClusterError(
      before.error.code,
      `The cluster did not start for "${before.test}", and is not tried again in this file: ${reason}`,
      { cause: before.error, details: before.error.details },
    );
  }

  /** Remembers a failure, unless it says nothing of the next start because the test had ended meanwhile. */
  add(key: string, error: unknown, { test, file, time, signal }: Borrower): void {
    if (signal.aborted) return;
    const known =
      error instanceof RedisClusterError
        ? error
        : new RedisClusterError("START_FAILED", messageOf(error), { cause: error });
    this.#failed.set(key, { error: known, test, file, limitMs: time.limitMs });
  }

  forget(key: string): void {
    this.#failed.delete(key);
  }
}

function hasMore(limitMs: number | undefined, before: number | undefined): boolean {
  return (limitMs ?? Number.POSITIVE_INFINITY) > (before ?? Number.POSITIVE_INFINITY);
}
