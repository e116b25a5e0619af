import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../plan/seeded-random.ts";
import { keySlot, splitSlots } from "../plan/slots.ts";
import { Keyspace } from "./keyspace.ts";
import { WRITE_KINDS } from "./ledger.ts";

test("every key is on its shard, has one writer, and has a unique name", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat({ max: 40 }),
      (shards, writers, extraKeys) => {
        const keys = Math.max(shards, writers) + extraKeys;
        const slots = splitSlots(shards);
        const keyspace = new Keyspace("t", keys, writers, slots);
        const names = new Set<string>();
        for (let key = 0; key < keys; key += 1) {
          for (const kind of WRITE_KINDS) {
            const name = keyspace.name(kind, key, "w0-1");
            const range = slots[keyspace.shardOf(key)];
            expect(keySlot(name)).toBeGreaterThanOrEqual(range?.first ?? 0);
            expect(keySlot(name)).toBeLessThanOrEqual(range?.last ?? 0);
            names.add(name);
          }
        }
        expect(names.size).toBe(keys * WRITE_KINDS.length);
        const owned = Array.from({ length: writers }, (_, writer) => keyspace.keysOf(writer));
        expect(owned.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: keys }, (_, key) => key));
        expect(Math.min(...owned.map(({ length }) => length))).toBeGreaterThan(0);
        if (keys >= shards * writers) {
          for (const own of owned) expect(new Set(own.map((key) => keyspace.shardOf(key))).size).toBe(shards);
        }
      },
    ),
  );
});

test("a seed reproduces the random numbers", () => {
  const draw = (seed: number): readonly number[] => Array.from({ length: 5 }, seededRandom(seed));
  expect(draw(42)).toEqual(draw(42));
  expect(draw(42)).not.toEqual(draw(43));
});
