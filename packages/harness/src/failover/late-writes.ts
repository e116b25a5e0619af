/** The text of the event of kind `late-write`, by which its number can be checked. */
export function lateWritesText(count: number): string {
  const what = count === 1 ? "a write" : `the last of ${count} writes`;
  return `acknowledges ${what} after another node was promoted`;
}
