/**
 * Returns the text of an event of the kind `late-write`. It contains the number of writes, which `findContradictions` verifies.
 */
export function formatLateWrites(count: number): string {
  const subject = count === 1 ? "a write" : `the last of ${count} writes`;
  return `acknowledges ${subject} after another node was promoted`;
}
