import { AssertionError } from "node:assert";
import type { Verdict } from "./verdict.ts";

/**
 * Throws the AssertionError of `node:assert`, which every test runner supports, if a check failed.
 *
 * @param assertion the function that the user called. Its name becomes the `operator`, and the stack trace starts at its caller.
 */
export function assertVerdict(
  { ok, message, actual, expected }: Verdict,
  assertion: (...args: never[]) => unknown,
): void {
  if (ok) return;
  throw new AssertionError({
    message,
    actual,
    expected,
    operator: assertion.name,
    stackStartFn: assertion,
  });
}
