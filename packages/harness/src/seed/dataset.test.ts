import { expect, test } from "vitest";
import { decodeSeed, digestOf, encodeSeed, hasExpiry, type HashField, keyRange, seedKey } from "./dataset.ts";

const payload = (value: string): Buffer => Buffer.from(`\0${value}0123456789`);

test("a digest depends on the name, the value, and whether the key expires", () => {
  const digests = [
    digestOf(Buffer.from("a"), payload("x"), false),
    digestOf(Buffer.from("b"), payload("x"), false),
    digestOf(Buffer.from("a"), payload("y"), false),
    digestOf(Buffer.from("a"), payload("x"), true),
  ];
  expect(new Set(digests).size).toBe(digests.length);
  expect(digestOf(Buffer.from("a"), payload("x"), false)).toBe(digests[0]);
});

const field = (name: string, value: string, ttlMs?: number): HashField => ({
  name: Buffer.from(name),
  value: Buffer.from(value),
  ttlMs,
});

test("a digest of fields depends on their names, values, and whether they expire, but not on when or on their order", () => {
  const name = Buffer.from("hash");
  const digest = (...fields: readonly HashField[]): string => digestOf(name, fields, false);
  const digests = [
    digest(field("a", "x"), field("b", "y", 5)),
    digest(field("a", "x"), field("b", "y")),
    digest(field("a", "x", 5), field("b", "y", 5)),
    digest(field("a", "y"), field("b", "x", 5)),
    digest(field("a", "x")),
    digest(field("ax", ""), field("b", "y", 5)),
    digestOf(name, [field("a", "x"), field("b", "y", 5)], true),
  ];
  expect(new Set(digests).size).toBe(digests.length);
  expect(digest(field("b", "y", 700), field("a", "x"))).toBe(digests[0]);
});

test("a hash may be gone if all its fields expire, and is restored each time if one does", () => {
  const keys = [
    seedKey(Buffer.from("a"), [field("f", "1", 5), field("g", "2")], undefined),
    seedKey(Buffer.from("b"), [field("f", "1", 5)], undefined),
    seedKey(Buffer.from("c"), [field("f", "1")], undefined),
    seedKey(Buffer.from("d"), [field("f", "1")], 5),
  ];
  expect(keys.map(hasExpiry)).toEqual([true, true, false, true]);
  const shard = {
    keys: new Map(keys.map((key) => [String(key.name), key])),
    functions: undefined,
    libraries: "",
  };
  expect(keyRange(shard)).toEqual({ least: 2, most: 4 });
});

test("another process gets the same seed, names and values that are not text included", () => {
  const name = Buffer.from([0xff, 0x00, 0x0a]);
  const keys = [
    seedKey(name, payload("x"), undefined),
    seedKey(Buffer.from("b"), payload("y"), 1_500),
    seedKey(Buffer.from("c"), [field("f", "1"), field("\xff", "2", 5)], undefined),
  ];
  const seed = {
    restoreMs: 12,
    shards: [
      {
        keys: new Map(keys.map((key) => [key.name.toString("latin1"), key])),
        functions: Buffer.from([1, 0xfe]),
        libraries: "digest",
      },
      { keys: new Map(), functions: undefined, libraries: "" },
    ],
  };
  const text = encodeSeed(seed);
  expect(text).not.toContain("\n");
  expect(decodeSeed(text)).toEqual(seed);
  expect(seed.shards.map(keyRange)).toEqual([
    { least: 2, most: 3 },
    { least: 0, most: 0 },
  ]);
});
