import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../plan/seeded-random.ts";
import { sample } from "./sample.ts";

test("the same seed yields the same numbers, and another seed other numbers", () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, random);
  };
  expect(draw(42)).toEqual(draw(42));
  expect(draw(42)).not.toEqual(draw(43));
});

test("returns the given number of different items in their original order", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 20 }), fc.nat(), (seed, size, rest) => {
      const items = Array.from({ length: size }, (_, index) => index);
      const count = rest % (size + 1);
      const chosen = sample(items, count, seededRandom(seed));
      expect(chosen).toHaveLength(count);
      expect(new Set(chosen).size).toBe(count);
      expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
    }),
  );
});

test("can return every item", () => {
  const seen = new Set(
    Array.from({ length: 200 }, (_, seed) => sample([1, 2, 3, 4], 1, seededRandom(seed))[0]),
  );
  expect(seen).toEqual(new Set([1, 2, 3, 4]));
});
