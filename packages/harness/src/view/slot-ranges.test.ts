import fc from "fast-check";
import { expect, test } from "vitest";
import type { SlotRange } from "../plan/cluster-plan.ts";
import { formatRanges, holdsSlot, missingSlots, normalizeRanges } from "./slot-ranges.ts";

/** A small number of slots, so that ranges are often adjacent or overlap. */
const COUNT = 40;

const anyRanges: fc.Arbitrary<readonly SlotRange[]> = fc.array(
  fc
    .tuple(fc.nat(COUNT - 1), fc.nat(COUNT - 1))
    .map(([one, other]) => ({ first: Math.min(one, other), last: Math.max(one, other) })),
  { maxLength: 8 },
);

function slotsOf(ranges: readonly SlotRange[]): ReadonlySet<number> {
  return new Set(
    ranges.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    ),
  );
}

test("formats ranges as Redis does", () => {
  expect(
    formatRanges([
      { first: 0, last: 5460 },
      { first: 5462, last: 5462 },
    ]),
  ).toBe("0-5460 5462");
  expect(formatRanges([])).toBe("");
});

test("joins adjacent, overlapping and repeated ranges", () => {
  const scattered = [
    { first: 10, last: 12 },
    { first: 0, last: 5 },
    { first: 13, last: 13 },
    { first: 3, last: 4 },
    { first: 10, last: 12 },
  ];
  expect(formatRanges(normalizeRanges(scattered))).toBe("0-5 10-13");
});

test("does not join ranges with a gap of one slot", () => {
  const ranges = [
    { first: 0, last: 4 },
    { first: 6, last: 9 },
  ];
  expect(normalizeRanges(ranges)).toEqual(ranges);
  expect(missingSlots(ranges, 10)).toEqual([{ first: 5, last: 5 }]);
});

test("normalizing keeps the slots and does not change its input", () => {
  fc.assert(
    fc.property(anyRanges, (ranges) => {
      const before = structuredClone(ranges);
      expect(slotsOf(normalizeRanges(ranges))).toEqual(slotsOf(ranges));
      expect(ranges).toEqual(before);
    }),
  );
});

test("normalized ranges are sorted and not adjacent", () => {
  fc.assert(
    fc.property(anyRanges, (ranges) => {
      const normalized = normalizeRanges(ranges);
      for (const [index, { first }] of normalized.entries()) {
        expect(first).toBeGreaterThan((normalized[index - 1]?.last ?? -2) + 1);
      }
    }),
  );
});

test("equal sets of slots result in equal text after normalizing", () => {
  fc.assert(
    fc.property(anyRanges, (ranges) => {
      const singles = [...slotsOf(ranges)].map((slot) => ({ first: slot, last: slot }));
      expect(formatRanges(normalizeRanges(singles))).toBe(formatRanges(normalizeRanges(ranges)));
    }),
  );
});

test("every slot is either in the ranges or missing", () => {
  fc.assert(
    fc.property(anyRanges, (ranges) => {
      const missing = missingSlots(ranges, COUNT);
      for (let slot = 0; slot < COUNT; slot += 1) {
        expect(holdsSlot(missing, slot)).toBe(!slotsOf(ranges).has(slot));
        expect(holdsSlot(ranges, slot)).toBe(slotsOf(ranges).has(slot));
      }
      expect(slotsOf(missing).size + slotsOf(ranges).size).toBe(COUNT);
    }),
  );
});

test("all slots are missing without ranges, and none with the full range", () => {
  expect(missingSlots([], 16384)).toEqual([{ first: 0, last: 16383 }]);
  expect(missingSlots([{ first: 0, last: 16383 }], 16384)).toEqual([]);
});
