import type { SlotRange } from "../plan/cluster-plan.ts";

/** Formats ranges as Redis does: `0-5460 5462`. Equal sets of slots result in equal text only if the ranges are normalized. */
export function formatRanges(ranges: readonly SlotRange[]): string {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(" ");
}

/** Returns the same slots as sorted ranges, in which adjacent and overlapping ranges are joined. */
export function normalizeRanges(ranges: readonly SlotRange[]): readonly SlotRange[] {
  const joined: { first: number; last: number }[] = [];
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const previous = joined.at(-1);
    if (previous !== undefined && first <= previous.last + 1) previous.last = Math.max(previous.last, last);
    else joined.push({ first, last });
  }
  return joined;
}

/** Returns the slots from `0` to `count - 1` that are in none of the ranges. */
export function missingSlots(ranges: readonly SlotRange[], count: number): readonly SlotRange[] {
  const missing: SlotRange[] = [];
  let next = 0;
  for (const { first, last } of normalizeRanges(ranges)) {
    if (first > next) missing.push({ first: next, last: first - 1 });
    next = last + 1;
  }
  if (next < count) missing.push({ first: next, last: count - 1 });
  return missing;
}

/** Returns whether one of the ranges contains a slot. */
export function holdsSlot(ranges: readonly SlotRange[], slot: number): boolean {
  return ranges.some(({ first, last }) => slot >= first && slot <= last);
}
