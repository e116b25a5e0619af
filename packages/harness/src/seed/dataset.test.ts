import { expect, test } from "vitest";
import {
  decodeSeed,
  digestKey,
  encodeSeed,
  hasExpiry,
  type HashField,
  keyCountRange,
  seedKey,
} from "./dataset.ts";

const payload = (value: string): Buffer => Buffer.from(`\0${value}0123456789`);

test("the digest of a key depends on its name, its value, and whether it expires", () => {
  const digests = [
    digestKey(Buffer.from("a"), payload("x"), false),
    digestKey(Buffer.from("b"), payload("x"), false),
    digestKey(Buffer.from("a"), payload("y"), false),
    digestKey(Buffer.from("a"), payload("x"), true),
  ];
  expect(new Set(digests).size).toBe(digests.length);
  expect(digestKey(Buffer.from("a"), payload("x"), false)).toBe(digests[0]);
});

const field = (name: string, value: string, ttlMs?: number): HashField => ({
  name: Buffer.from(name),
  value: Buffer.from(value),
  ttlMs,
});

test("the digest of fields depends on names, values and expiry, but not on order", () => {
  const name = Buffer.from("hash");
  const digest = (...fields: readonly HashField[]): string => digestKey(name, fields, false);
  const digests = [
    digest(field("a", "x"), field("b", "y", 5)),
    digest(field("a", "x"), field("b", "y")),
    digest(field("a", "x", 5), field("b", "y", 5)),
    digest(field("a", "y"), field("b", "x", 5)),
    digest(field("a", "x")),
    digest(field("ax", ""), field("b", "y", 5)),
    digestKey(name, [field("a", "x"), field("b", "y", 5)], true),
  ];
  expect(new Set(digests).size).toBe(digests.length);
  expect(digest(field("b", "y", 700), field("a", "x"))).toBe(digests[0]);
});

test("a hash can be missing if all its fields expire, and has an expiry if one does", () => {
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
    librariesDigest: "",
  };
  expect(keyCountRange(shard)).toEqual({ min: 2, max: 4 });
});

test("decodes an encoded seed with binary names and values to the same seed", () => {
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
        librariesDigest: "digest",
      },
      { keys: new Map(), functions: undefined, librariesDigest: "" },
    ],
  };
  const text = encodeSeed(seed);
  expect(text).not.toContain("\n");
  expect(decodeSeed(text)).toEqual(seed);
  expect(seed.shards.map(keyCountRange)).toEqual([
    { min: 2, max: 3 },
    { min: 0, max: 0 },
  ]);
});
