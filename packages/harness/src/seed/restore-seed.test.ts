import { expect, test } from "vitest";
import { type HashField, seedKey } from "./dataset.ts";
import type { CurrentValue } from "./read-data.ts";
import { isChanged, restoreCommands } from "./restore-seed.ts";

const NAME = Buffer.from("h");
const dump = (value: string): Buffer => Buffer.from(`\0${value}0123456789`);
const field = (name: string, value: string, ttlMs?: number): HashField => ({
  name: Buffer.from(name),
  value: Buffer.from(value),
  ttlMs,
});
const hash = (...fields: readonly HashField[]): CurrentValue => ({
  payload: Buffer.from([25, 1]),
  ttlMs: undefined,
  fields,
});

test("a hash is unchanged if fields have expired or their times to live have decreased", () => {
  const key = seedKey(NAME, [field("a", "1"), field("b", "2", 500), field("c", "3", 9)], undefined);
  expect(isChanged(key, hash(field("a", "1"), field("b", "2", 500), field("c", "3", 9)))).toBe(false);
  expect(isChanged(key, hash(field("b", "2", 20), field("a", "1")))).toBe(false);
  expect(isChanged(key, hash(field("a", "1")))).toBe(false);
});

test.each([
  ["a value", [field("a", "2"), field("b", "2", 500)]],
  ["a value of an expiring field", [field("a", "1"), field("b", "x", 500)]],
  ["a field that no longer expires", [field("a", "1"), field("b", "2")]],
  ["a field that now expires", [field("a", "1", 5), field("b", "2", 500)]],
  ["a longer time to live", [field("a", "1"), field("b", "2", 501)]],
  ["another field", [field("a", "1"), field("c", "3")]],
  ["another expiring field", [field("a", "1"), field("c", "3", 5)]],
  ["a missing field", [field("b", "2", 500)]],
])("a hash is changed by %s", (_, fields) => {
  const key = seedKey(NAME, [field("a", "1"), field("b", "2", 500)], undefined);
  expect(isChanged(key, hash(...fields))).toBe(true);
});

test("a hash is changed if its type changes, or if it or its fields start to expire", () => {
  const fields = [field("a", "1", 500)];
  const key = seedKey(NAME, fields, undefined);
  expect(isChanged(key, { payload: dump("1"), ttlMs: undefined, fields: undefined })).toBe(true);
  expect(isChanged(key, { ...hash(...fields), ttlMs: 5 })).toBe(true);
  expect(isChanged(seedKey(NAME, dump("1"), undefined), hash(...fields))).toBe(true);
});

test("restores a key with its payload and its original time to live", () => {
  expect(restoreCommands(seedKey(NAME, dump("1"), undefined))).toEqual([
    ["RESTORE", NAME, 0, dump("1"), "REPLACE"],
  ]);
  expect(restoreCommands(seedKey(NAME, dump("1"), 700))).toEqual([
    ["RESTORE", NAME, 700, dump("1"), "REPLACE"],
  ]);
});

test("restores a hash with expiring fields by its fields and their times to live", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => Buffer.from(name));
  const fields = [field("a", "1"), field("b", "2", 500), field("c", "3", 9), field("d", "4", 500)];
  expect(restoreCommands(seedKey(NAME, fields, 700))).toEqual([
    ["UNLINK", NAME],
    ["HSET", NAME, ...fields.flatMap(({ name, value }) => [name, value])],
    ["HPEXPIRE", NAME, 500, "FIELDS", 2, b, d],
    ["HPEXPIRE", NAME, 9, "FIELDS", 1, c],
    ["PEXPIRE", NAME, 700],
  ]);
  const many = Array.from({ length: 1_100 }, (_, index) => field(`f${index}`, "1", 500));
  const commands = restoreCommands(seedKey(NAME, [field(String(a), "1"), ...many], undefined));
  expect(commands.map(([command]) => command)).toEqual([
    "UNLINK",
    ...Array<string>(3).fill("HSET"),
    ...Array<string>(3).fill("HPEXPIRE"),
  ]);
});
