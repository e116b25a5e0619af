import { messageOf, RedisClusterError } from "../errors.ts";
import type { Borrower } from "./borrower.ts";

interface FailedStart {
  readonly error: RedisClusterError;
  readonly test: string;
  readonly file: string;
  /** The time that the start had; undefined: as much as it wanted. */
  readonly hadMs: number | undefined;
}

/** With so much more time a start is tried again. What tests with the same limit have differs by some milliseconds. */
const MORE = 1.1;

/**
 * Starts that failed, so that every other test that needs the same cluster fails at once instead of waiting for the
 * same failure again. Each file tries once more, and so does a retry of the test that failed, and a test that has more
 * time for the start than there was.
 */
export class FailedStarts {
  readonly #failed = new Map<string, FailedStart>();

  /** @throws RedisClusterError with the code of the start that failed before. */
  refuse(key: string, { test, file, time }: Borrower): void {
    const before = this.#failed.get(key);
    if (before === undefined || before.file !== file || before.test === test) return;
    if (hasMore(time.leftMs(), before.hadMs)) return;
    const [reason = ""] = before.error.message.split("\n");
    const timedOut = before.error.code === "START_TIMEOUT" && before.hadMs !== undefined;
    const had = timedOut ? ` in the ${before.hadMs} ms that it had` : "";
    throw new RedisClusterError(
      before.error.code,
      `The cluster did not start for "${before.test}"${had}, and is not tried again in this file: ${reason}\n` +
        `What to do: ${advice(before.error.code)}`,
      { cause: before.error, details: before.error.details },
    );
  }

  /**
   * Remembers a failure, unless it does not predict the next start because the test had ended meanwhile.
   *
   * @param hadMs the time that the start had; undefined: as much as it wanted.
   */
  add(key: string, error: unknown, { test, file, signal }: Borrower, hadMs: number | undefined): void {
    if (signal.aborted) return;
    const known =
      error instanceof RedisClusterError
        ? error
        : new RedisClusterError("START_FAILED", messageOf(error), { cause: error });
    this.#failed.set(key, { error: known, test, file, hadMs });
  }

  forget(key: string): void {
    this.#failed.delete(key);
  }
}

function hasMore(leftMs: number | undefined, hadMs: number | undefined): boolean {
  if (hadMs === undefined) return false;
  return leftMs === undefined || leftMs > hadMs * MORE;
}

function advice(code: RedisClusterError["code"]): string {
  return code === "START_TIMEOUT"
    ? "give the tests that start a cluster more time, by testTimeout or their own timeout, and pull the image before."
    : "see the first failure, whose error is the cause of this one. A retry of that test tries again.";
}
