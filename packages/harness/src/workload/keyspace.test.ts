import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../plan/seeded-random.ts";
import { keySlot, splitSlots } from "../plan/slots.ts";
import { Keyspace } from "./keyspace.ts";
import { WRITE_KINDS } from "./ledger.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { decodeValue, encodeValue } from "./token.ts";

test("every key is on its shard, of one writer, and different from all others", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat({ max: 40 }),
      (shards, writers, more) => {
        const keys = Math.max(shards, writers) + more;
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

test("a value gives back its token, and nothing else does", () => {
  expect(encodeValue(3, 17, 8)).toBe("w3-17...");
  expect(encodeValue(3, 17, 1)).toBe("w3-17");
  fc.assert(
    fc.property(fc.nat({ max: 255 }), fc.nat(), fc.nat({ max: 64 }), (writer, sequence, bytes) => {
      expect(decodeValue(encodeValue(writer, sequence, bytes))).toEqual({ writer, sequence });
    }),
  );
  for (const other of ["", "w3", "w3-", "x3-17", "w3-17.x", "17"]) expect(decodeValue(other)).toBeUndefined();
});

test("a rate is kept evenly, without a burst after a pause", () => {
  const pace = new RateLimiter(100);
  pace.delayMs(1000);
  pace.delayMs(1000);
  pace.delayMs(1000);
  expect([pace.delayMs(1000), pace.delayMs(1000)]).toEqual([10, 20]);
  // A minute later there are the turns of 20 ms to make up for, and no more.
  expect([61_000, 61_000, 61_000, 61_000].map((now) => pace.delayMs(now))).toEqual([0, 0, 0, 10]);
  expect(new RateLimiter(undefined).delayMs(5)).toBe(0);
});

test("a seed gives the same numbers again", () => {
  const draw = (seed: number): readonly number[] => Array.from({ length: 5 }, seededRandom(seed));
  expect(draw(42)).toEqual(draw(42));
  expect(draw(42)).not.toEqual(draw(43));
});
