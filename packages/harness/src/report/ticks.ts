/** Returns at most `max` round times within a range. Their distance is 1, 2 or 5 times a power of ten, in milliseconds. */
export function ticks(fromMs: number, toMs: number, max: number): readonly number[] {
  const step = stepFor((toMs - fromMs) / Math.max(1, max));
  const first = Math.ceil(fromMs / step);
  const count = Math.floor(toMs / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step);
}

/** Returns the label of a time on an axis: `200 ms`, or `12 s` if the axis is ten seconds or longer. */
export function tickLabel(atMs: number, toMs: number): string {
  return toMs < 10_000 ? `${atMs} ms` : `${atMs / 1_000} s`;
}

function stepFor(minMs: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(minMs)));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= minMs) ?? 10;
  return step * power;
}
