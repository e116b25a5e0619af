import { AssertionError } from "node:assert";
import type { Verdict } from "./verdict.ts";

/**
 * Throws node's AssertionError, which every runner knows, where the verdict says no.
 *
 * @param by the assertion that the user called: its name is the operator, and the stack begins below it.
 */
export function assertVerdict(
  { ok, message, actual, expected }: Verdict,
  by: (...given: never[]) => unknown,
): void {
  if (ok) return;
  throw new AssertionError({ message, actual, expected, operator: by.name, stackStartFn: by });
}
