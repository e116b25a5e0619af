/** So many of the items, each at most once, in their own order. */
export function sample<T>(items: readonly T[], count: number, random: () => number): readonly T[] {
  const left = items.map((_, index) => index);
  const draw = (): number | undefined => left.splice(Math.floor(random() * left.length), 1)[0];
  const chosen = new Set(Array.from({ length: count }, draw));
  return items.filter((_, index) => chosen.has(index));
}
