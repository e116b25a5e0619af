import type { TimeLeft } from "./time-left.ts";

/** A test that wants a cluster. */
export interface Borrower {
  /** The test's full name, for messages. */
  readonly test: string;
  readonly file: string;
  /** Aborts when the test has timed out or the run was cancelled. */
  readonly signal: AbortSignal;
  readonly time: TimeLeft;
}

/** Where clusters of one kind come from. Only the keeper calls it. */
export interface Source<T> {
  /** Tests with the same key take turns at the same one. */
  readonly key: string;
  /** A fresh one, in the time that the borrower has. A failure leaves nothing behind. */
  start(borrower: Borrower): Promise<T>;
  /** Makes a used one as good as new. */
  renew(used: T, borrower: Borrower): Promise<void>;
  /** Removes it. A second call does no harm. */
  stop(used: T): Promise<void>;
  /** False for one that somebody else started: it is not replaced, and a failure to get it is not remembered. Default true. */
  readonly replaceable?: boolean | undefined;
}
