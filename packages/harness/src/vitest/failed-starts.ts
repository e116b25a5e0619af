import { type ErrorCode, messageOf, RedisClusterError } from "../errors.ts";
import type { TestRequest } from "./test-request.ts";

interface FailedStart {
  readonly error: RedisClusterError;
  /** The name of the test whose start failed last, and its file. */
  readonly test: string;
  readonly file: string;
  /** The number of failed starts since the last successful one. */
  readonly consecutiveFailures: number;
  /** The time that the last start had, in milliseconds; undefined if it had no limit. */
  readonly availableMs: number | undefined;
}

/**
 * A test with this many times the time of the failed start is allowed another start. The remaining times of tests with equal
 * timeouts differ by some milliseconds.
 */
const MIN_TIME_FACTOR = 1.1;

/** After this number of consecutive failures, a file does not start the cluster again. The first failure may be an accident. */
const MAX_ATTEMPTS = 2;

/** The codes of failures that depend only on the options, so that another start would fail in the same way. */
const PERMANENT_FAILURES: ReadonlySet<ErrorCode> = new Set([
  "INVALID_OPTIONS",
  "INVALID_ARGUMENT",
  "IMAGE_UNAVAILABLE",
  "IMAGE_UNSUITABLE",
]);

/**
 * Records failed starts, and rejects starts that would probably fail again. One failure may be an accident of the engine or of a
 * busy machine, so the next test starts the cluster again. After two consecutive failures, or after one that certainly repeats,
 * every other test of the file fails immediately: if the engine is down, a file with many tests takes the time of two starts
 * instead of one start per test.
 *
 * A new file starts the cluster again. So does a retry of the test that failed last and, unless the failure certainly repeats, a
 * test that has more time than the last start had.
 */
export class FailedStarts {
  readonly #failures = new Map<string, FailedStart>();

  /**
   * Rejects a start that would probably fail again.
   *
   * @throws RedisClusterError with the code of the earlier failure.
   */
  rejectRepeatedStart(key: string, { test, file, deadline }: TestRequest): void {
    const last = this.#failures.get(key);
    if (last === undefined || last.file !== file || last.test === test) return;
    const isPermanent = PERMANENT_FAILURES.has(last.error.code);
    const isAllowed =
      last.consecutiveFailures < MAX_ATTEMPTS || hasMoreTime(deadline.remainingMs(), last.availableMs);
    if (!isPermanent && isAllowed) return;
    throw new RedisClusterError(last.error.code, explain(last, isPermanent), {
      cause: last.error,
      details: last.error.details,
    });
  }

  /**
   * Records that a start begins.
   *
   * @returns a function that records the failure of the start. It ignores the failure if the test has ended meanwhile, because
   * then the failure does not predict the next start. Starts that run at the same time count as one, because they may fail by the
   * same accident.
   */
  recordStart(key: string, { test, file, signal, deadline }: TestRequest): (error: unknown) => void {
    const availableMs = deadline.remainingMs();
    const before = this.#failures.get(key);
    return (error) => {
      if (signal.aborted) return;
      const now = this.#failures.get(key);
      const consecutiveFailures =
        now === before ? (before?.consecutiveFailures ?? 0) + 1 : (now?.consecutiveFailures ?? 1);
      const known =
        error instanceof RedisClusterError
          ? error
          : new RedisClusterError("START_FAILED", messageOf(error), { cause: error });
      this.#failures.set(key, { error: known, test, file, consecutiveFailures, availableMs });
    };
  }

  /** Deletes the record of failures, after a successful start. */
  clear(key: string): void {
    this.#failures.delete(key);
  }
}

function hasMoreTime(remainingMs: number | undefined, availableMs: number | undefined): boolean {
  if (availableMs === undefined) return false;
  return remainingMs === undefined || remainingMs > availableMs * MIN_TIME_FACTOR;
}

function explain(
  { error, test, consecutiveFailures, availableMs }: FailedStart,
  isPermanent: boolean,
): string {
  const [reason = ""] = error.message.split("\n");
  if (isPermanent) {
    return (
      `The cluster did not start for "${test}", and is not started again in this file, because the start would fail in ` +
      `the same way: ${reason}\n` +
      "What to do: see the first failure, which is the cause of this error. A retry of that test starts the cluster again."
    );
  }
  const limit =
    error.code === "START_TIMEOUT" && availableMs !== undefined ? ` within ${availableMs} ms` : "";
  return (
    `The cluster did not start in ${consecutiveFailures} attempts, the last time for "${test}"${limit}, and is not ` +
    `started again in this file: ${reason}\n` +
    `What to do: ${advice(error.code)}`
  );
}

function advice(code: ErrorCode): string {
  return code === "START_TIMEOUT"
    ? "give the tests that start a cluster more time, with `testTimeout` or their own timeout, and pull the image before the run."
    : "see the last failure, which is the cause of this error. A retry of that test starts the cluster again, and so does " +
        "the next file.";
}
