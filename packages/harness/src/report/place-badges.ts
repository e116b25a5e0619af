interface Group {
  /** The ideal positions of the badges. */
  readonly ideal: readonly number[];
  readonly center: number;
}

/**
 * Moves positions on a line apart so that badges do not overlap. Badges that were too close form a group around the mean of their
 * ideal positions, within the line. The order is kept. If there are too many badges for the line, their distance is reduced.
 * Pure.
 *
 * @param ideal the ideal positions, in ascending order.
 * @param distance the minimum distance of two badges.
 */
export function placeBadges(
  ideal: readonly number[],
  from: number,
  to: number,
  distance: number,
): readonly number[] {
  const step = Math.min(distance, (to - from) / Math.max(1, ideal.length - 1));
  const groups: Group[] = [];
  for (const position of ideal) {
    let group = centerGroup([position], from, to, step);
    for (let last = groups.at(-1); last !== undefined; last = groups.at(-1)) {
      if (firstOf(group, step) - lastOf(last, step) >= step) break;
      groups.pop();
      group = centerGroup([...last.ideal, ...group.ideal], from, to, step);
    }
    groups.push(group);
  }
  return groups.flatMap((group) => group.ideal.map((_, index) => firstOf(group, step) + index * step));
}

function centerGroup(ideal: readonly number[], from: number, to: number, step: number): Group {
  const half = ((ideal.length - 1) * step) / 2;
  const mean = ideal.reduce((sum, position) => sum + position, 0) / ideal.length;
  return { ideal, center: Math.min(Math.max(mean, from + half), Math.max(from + half, to - half)) };
}

function firstOf({ ideal, center }: Group, step: number): number {
  return center - ((ideal.length - 1) * step) / 2;
}

function lastOf({ ideal, center }: Group, step: number): number {
  return center + ((ideal.length - 1) * step) / 2;
}
