/** What a check found. Assertions and matchers of every runner are made of it. */
export interface Verdict {
  readonly ok: boolean;
  /** Why it failed, with the timeline or the findings. Empty where it held. */
  readonly message: string;
  /** What to print where the opposite was expected and it held. Empty where it failed. */
  readonly negated: string;
  /** What was found and what was asked for, in a few words: runners show the two beside each other. */
  readonly actual: string;
  readonly expected: string;
}

/** Puts a verdict together. @param evidence is printed below either message. */
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
