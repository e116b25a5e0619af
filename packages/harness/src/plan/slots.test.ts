import fc from "fast-check";
import { expect, test } from "vitest";
import { keyForRange, keySlot, SLOT_COUNT, splitSlots } from "./slots.ts";

test("divides slots as redis-cli does", () => {
  expect(splitSlots(3)).toEqual([
    { first: 0, last: 5460 },
    { first: 5461, last: 10922 },
    { first: 10923, last: 16383 },
  ]);
  // The output of redis-cli 8.0 --cluster create for five masters.
  expect(splitSlots(5).map(({ first, last }) => `${first}-${last}`)).toEqual([
    "0-3276",
    "3277-6553",
    "6554-9829",
    "9830-13106",
    "13107-16383",
  ]);
});

test("assigns every slot to exactly one shard for any number of shards", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), (shards) => {
      const ranges = splitSlots(shards);
      expect(ranges).toHaveLength(shards);
      expect(
        ranges.reduce((next, { first, last }) => (first === next && last >= first ? last + 1 : -1), 0),
      ).toBe(SLOT_COUNT);
    }),
  );
});

test("computes the slot of a key as Redis does, from the hash tag if there is one", () => {
  expect(keySlot("foo")).toBe(12182);
  expect(keySlot("{user1000}.following")).toBe(keySlot("{user1000}.followers"));
  expect(keySlot("foo{}{bar}")).toBe(8363);
});

test("finds a key with a slot in a range", () => {
  const range = { first: 9999, last: 10010 };
  const slot = keySlot(keyForRange(range, "probe:"));
  expect(slot).toBeGreaterThanOrEqual(range.first);
  expect(slot).toBeLessThanOrEqual(range.last);
});
