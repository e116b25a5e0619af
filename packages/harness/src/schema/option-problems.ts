import type { OptionProblem } from "../errors.ts";
import { formatValue, Redacted } from "./format-value.ts";

/**
 * Records that an option is invalid. Returns undefined, which stands for the missing value.
 *
 * @param allowed completes "expected …".
 * @param remedy one sentence, if `allowed` alone does not explain what to do.
 */
export type ReportProblem = (option: string, given: unknown, allowed: string, remedy?: string) => undefined;

/** The problems that are found while options are read. */
export interface ProblemList {
  readonly problems: readonly OptionProblem[];
  /** Adds a problem. */
  readonly report: ReportProblem;
}

/** Returns an empty list of problems. */
export function listProblems(): ProblemList {
  const problems: OptionProblem[] = [];
  const report: ReportProblem = (option, given, allowed, remedy) => {
    problems.push({
      option,
      given: formatValue(given),
      allowed,
      ...(remedy === undefined ? {} : { remedy }),
    });
    return undefined;
  };
  return { problems, report };
}

/**
 * Reports the name of an unknown option, with the names of the known options. The value is not shown, because it may be a secret.
 *
 * @param path precedes the names in messages.
 * @param remedies what to do instead, by names that users may expect.
 */
export function reportUnknownOption(
  path: string,
  name: string,
  known: Iterable<string>,
  report: ReportProblem,
  remedies: ReadonlyMap<string, string> = new Map(),
): undefined {
  const names = [...known];
  const similar = names.find((candidate) => editDistance(candidate.toLowerCase(), name.toLowerCase()) <= 2);
  return report(
    `${path}${name}`,
    new Redacted("an unknown option"),
    `one of the options ${names.join(", ")}`,
    remedies.get(name) ??
      (similar === undefined ? "Remove it, or correct its name." : `Did you mean \`${path}${similar}\`?`),
  );
}

/** Returns the Levenshtein distance: the number of characters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, character] of from.split("").entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replacement = (row[column - 1] ?? 0) + (to[column - 1] === character ? 0 : 1);
      next.push(Math.min(replacement, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
