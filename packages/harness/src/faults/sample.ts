/** Returns the given number of randomly chosen items, each at most once, in their original order. */
export function sample<T>(items: readonly T[], count: number, random: () => number): readonly T[] {
  const remaining = items.map((_, index) => index);
  const draw = (): number | undefined => remaining.splice(Math.floor(random() * remaining.length), 1)[0];
  const chosen = new Set(Array.from({ length: count }, draw));
  return items.filter((_, index) => chosen.has(index));
}
