import { expect, test } from "vitest";
import { decodeSeed, digestOf, encodeSeed, keyRange, seedKey } from "./dataset.ts";

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

test("another process gets the same seed, names and values that are not text included", () => {
  const name = Buffer.from([0xff, 0x00, 0x0a]);
  const keys = [seedKey(name, payload("x"), undefined), seedKey(Buffer.from("b"), payload("y"), 1_500)];
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
    { least: 1, most: 2 },
    { least: 0, most: 0 },
  ]);
});
