import type { TestDeadline } from "./test-deadline.ts";

/** The request of one test for a cluster. */
export interface TestRequest {
  /** The full name of the test, for messages. */
  readonly test: string;
  /** The path of the test file. */
  readonly file: string;
  /** Aborts when the test has timed out or the run is cancelled. */
  readonly signal: AbortSignal;
  readonly deadline: TestDeadline;
}
