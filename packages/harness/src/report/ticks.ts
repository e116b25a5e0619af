/** Round moments, 1, 2 or 5 times a power of ten apart, of which `most` or fewer lie within the range. */
export function ticks(fromMs: number, toMs: number, most: number): readonly number[] {
  const step = stepFor((toMs - fromMs) / Math.max(1, most));
  const first = Math.ceil(fromMs / step);
  const count = Math.floor(toMs / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step);
}

/** A moment as an axis says it: `200 ms`, and from ten seconds on `12 s`. */
export function tickLabel(atMs: number, toMs: number): string {
  return toMs < 10_000 ? `${atMs} ms` : `${atMs / 1_000} s`;
}

function stepFor(leastMs: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(leastMs)));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= leastMs) ?? 10;
  return step * power;
}
