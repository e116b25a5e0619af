import coerce from "semver/functions/coerce.js";
import lt from "semver/functions/lt.js";
import satisfies from "semver/functions/satisfies.js";

/** Returns whether a version of a package is in a range. Prereleases count like their releases. */
export function isInRange(version: string, range: string): boolean {
  return satisfies(version, range, { includePrerelease: true });
}

/**
 * Returns whether a version of a program is older than another. Distributions append to it, as in `20.10.24+dfsg1`; only the
 * numbers count. Returns false for a text without a number.
 */
export function isOlder(version: string, other: string): boolean {
  const numbers = coerce(version);
  return numbers !== null && lt(numbers, other);
}
