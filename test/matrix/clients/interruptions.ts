/** A shorter time without an acknowledged write is not an interruption, because the machine is busy with other clusters. */
export const INTERRUPTION_MS = 500;
/** How long a writer must have written without an interruption before it counts as recovered. */
export const CALM_MS = 2_000;

/**
 * Returns when the last interruption ended.
 *
 * @param times when writes were acknowledged, in ascending order, in milliseconds.
 * @param after an interruption that ended before this time does not count.
 * @returns the time of the first write after the interruption, or `after` if there was no interruption.
 */
export function lastInterruptionEnd(times: readonly number[], after: number): number {
  const end = times.findLast((at, index) => at > after && at - (times[index - 1] ?? at) > INTERRUPTION_MS);
  return end ?? after;
}

/** Whether writes have been acknowledged without an interruption for {@link CALM_MS}. */
export function isCalm(times: readonly number[], now: number): boolean {
  const begin = now - CALM_MS;
  const recent = [begin, ...times.filter((at) => at > begin), now];
  return recent.every((at, index) => at - (recent[index - 1] ?? at) <= INTERRUPTION_MS);
}
