/** The result of a check. The assertion functions and the matchers of Vitest are built on it. */
export interface Verdict {
  readonly ok: boolean;
  /** Why the check failed, followed by the evidence. Empty if it passed. */
  readonly message: string;
  /** What to print if the check passed although the test expected it to fail. Empty if it failed. */
  readonly negated: string;
  /** The actual result in a few words. Test runners show it next to `expected`. */
  readonly actual: string;
  /** The expected result in a few words. */
  readonly expected: string;
}

/**
 * Creates a verdict.
 *
 * @param found.evidence is printed below both messages.
 */
export function verdict(found: {
  readonly ok: boolean;
  readonly message: string;
  readonly negated: string;
  readonly actual: string;
  readonly expected: string;
  readonly evidence: string;
}): Verdict {
  const { ok, message, negated, actual, expected, evidence } = found;
  return {
    ok,
    message: ok ? "" : `${message}\n\n${evidence}`,
    negated: ok ? `${negated}\n\n${evidence}` : "",
    actual,
    expected,
  };
}
