import { type ErrorCode, messageOf, RedisClusterError } from "../errors.ts";
import type { Borrower } from "./borrower.ts";

interface FailedStart {
  readonly error: RedisClusterError;
  /** The test of the last failed start, and its file. */
  readonly test: string;
  readonly file: string;
  /** How many starts failed one after the other, without a successful one in between. */
  readonly inARow: number;
  /** The time that the last start had; undefined: as much as it wanted. */
  readonly hadMs: number | undefined;
}

/** With so much more time a start is tried again. What tests with the same limit have differs by some milliseconds. */
const MORE = 1.1;

/** After this number of failed starts in a row, a file does not try again: the first one may have failed by chance. */
const ATTEMPTS = 2;

/** Failures that depend only on what the start was given, so that a second start fails in the same way. */
const CERTAIN: ReadonlySet<ErrorCode> = new Set([
  "INVALID_OPTIONS",
  "INVALID_ARGUMENT",
  "IMAGE_UNAVAILABLE",
  "IMAGE_UNSUITABLE",
]);

/**
 * Starts that failed. One failure may be an accident of the engine or of a busy machine, so the next test starts the
 * cluster again. After a second failure in a row, or after one that certainly repeats, every other test of the file
 * fails immediately: if the engine is down, a file with many tests takes the time of two starts and not of one start for
 * each test. A new file starts the cluster again, and so do a retry of the test that failed last, and a test that has more
 * time for the start than there was.
 */
export class FailedStarts {
  readonly #failed = new Map<string, FailedStart>();

  /** @throws RedisClusterError with the code of the start that failed before. */
  refuse(key: string, { test, file, time }: Borrower): void {
    const before = this.#failed.get(key);
    if (before === undefined || before.file !== file || before.test === test) return;
    const certain = CERTAIN.has(before.error.code);
    if (!certain && (before.inARow < ATTEMPTS || hasMore(time.leftMs(), before.hadMs))) return;
    throw new RedisClusterError(before.error.code, explain(before, certain), {
      cause: before.error,
      details: before.error.details,
    });
  }

  /**
   * Notes that a start begins.
   *
   * @returns a function that remembers the start's failure, unless the failure does not predict the next start because
   * the test had ended meanwhile. Starts that run at the same time count as one: they may fail by the same accident.
   */
  begin(key: string, { test, file, signal, time }: Borrower): (error: unknown) => void {
    const hadMs = time.leftMs();
    const before = this.#failed.get(key);
    return (error) => {
      if (signal.aborted) return;
      const now = this.#failed.get(key);
      const inARow = now === before ? (before?.inARow ?? 0) + 1 : (now?.inARow ?? 1);
      const known =
        error instanceof RedisClusterError
          ? error
          : new RedisClusterError("START_FAILED", messageOf(error), { cause: error });
      this.#failed.set(key, { error: known, test, file, inARow, hadMs });
    };
  }

  forget(key: string): void {
    this.#failed.delete(key);
  }
}

function hasMore(leftMs: number | undefined, hadMs: number | undefined): boolean {
  if (hadMs === undefined) return false;
  return leftMs === undefined || leftMs > hadMs * MORE;
}

function explain({ error, test, inARow, hadMs }: FailedStart, certain: boolean): string {
  const [reason = ""] = error.message.split("\n");
  if (certain) {
    return (
      `The cluster did not start for "${test}", and is not tried again in this file, because it would fail in the same ` +
      `way: ${reason}\n` +
      "What to do: see the first failure, whose error is the cause of this one. A retry of that test tries again."
    );
  }
  const had = error.code === "START_TIMEOUT" && hadMs !== undefined ? ` in the ${hadMs} ms that it had` : "";
  return (
    `The cluster did not start in ${inARow} attempts, the last time for "${test}"${had}, and is not tried again in this ` +
    `file: ${reason}\n` +
    `What to do: ${advice(error.code)}`
  );
}

function advice(code: ErrorCode): string {
  return code === "START_TIMEOUT"
    ? "give the tests that start a cluster more time, by testTimeout or their own timeout, and pull the image before."
    : "see the last failure, whose error is the cause of this one. A retry of that test tries again, and so does the " +
        "next file.";
}
