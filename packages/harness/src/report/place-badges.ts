interface Cluster {
  /** Where its badges would like to be. */
  readonly wanted: readonly number[];
  readonly center: number;
}

/**
 * Moves points on a line so far apart that badges on them do not touch, each group around the middle of where it
 * belongs and inside of the line. Keeps the order. Where there are too many, they come closer. Pure.
 *
 * @param wanted in ascending order.
 */
export function placeBadges(
  wanted: readonly number[],
  from: number,
  to: number,
  apart: number,
): readonly number[] {
  const step = Math.min(apart, (to - from) / Math.max(1, wanted.length - 1));
  const clusters: Cluster[] = [];
  for (const at of wanted) {
    let cluster = gather([at], from, to, step);
    for (let last = clusters.at(-1); last !== undefined; last = clusters.at(-1)) {
      if (firstOf(cluster, step) - lastOf(last, step) >= step) break;
      clusters.pop();
      cluster = gather([...last.wanted, ...cluster.wanted], from, to, step);
    }
    clusters.push(cluster);
  }
  return clusters.flatMap((cluster) =>
    cluster.wanted.map((_, index) => firstOf(cluster, step) + index * step),
  );
}

function gather(wanted: readonly number[], from: number, to: number, step: number): Cluster {
  const half = ((wanted.length - 1) * step) / 2;
  const mean = wanted.reduce((sum, at) => sum + at, 0) / wanted.length;
  return { wanted, center: Math.min(Math.max(mean, from + half), Math.max(from + half, to - half)) };
}

function firstOf({ wanted, center }: Cluster, step: number): number {
  return center - ((wanted.length - 1) * step) / 2;
}

function lastOf({ wanted, center }: Cluster, step: number): number {
  return center + ((wanted.length - 1) * step) / 2;
}
