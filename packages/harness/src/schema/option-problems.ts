/**
 * Records that an option is wrong. Returns undefined, which stands for the missing value.
 *
 * @param allowed completes "expected …".
 * @param remedy one sentence, if `allowed` does not say it all.
 */
export type Report = (option: string, given: unknown, allowed: string, remedy?: string) => undefined;

/** Stands for a value that must not be shown. */
export class Hidden {
  readonly description: string;
  constructor(description: string) {
    this.description = description;
  }
}

/** The type of a value that must not be shown, as `"a string of 8 characters"`. */
export function hiddenKind(value: unknown): Hidden {
  if (typeof value === "string") return new Hidden(`a string of ${value.length} characters`);
  if (value === null) return new Hidden("null");
  if (Array.isArray(value)) return new Hidden("an array");
  return new Hidden(typeof value === "object" ? "an object" : `a ${typeof value}`);
}

export function show(value: unknown): string {
  if (value instanceof Hidden) return value.description;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) {
    try {
      return JSON.stringify(value);
    } catch {
      return "an object that cannot be shown";
    }
  }
  return String(value);
}

/** Reports a name that no option has, with the names that exist. The value is not shown: it may be a secret. */
export function reportUnknown(
  path: string,
  name: string,
  known: Iterable<string>,
  report: Report,
): undefined {
  const names = [...known];
  const near = names.find((each) => editDistance(each.toLowerCase(), name.toLowerCase()) <= 2);
  return report(
    `${path}${name}`,
    new Hidden("an unknown option"),
    `one of the options ${names.join(", ")}`,
    near === undefined ? "Remove it, or correct its name." : `Did you mean \`${path}${near}\`?`,
  );
}

/** Levenshtein distance: how many characters to insert, delete or replace. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of one.split("").entries()) {
    const next = [index + 1];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (other[column - 1] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
