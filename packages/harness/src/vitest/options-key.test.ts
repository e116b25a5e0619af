import { expect, test } from "vitest";
import { optionsKey } from "./options-key.ts";

test("ignores the order of options, and options that are undefined", () => {
  expect(optionsKey({ nodes: 6, config: { save: ["900 1"], maxmemory: "64mb" } })).toBe(
    optionsKey({ config: { maxmemory: "64mb", save: ["900 1"] }, nodes: 6, password: undefined }),
  );
});

test.each([
  [{ nodes: 6 }, { nodes: "6" }],
  [{ nodes: 6 }, { nodes: 3 }],
  [{}, { nodes: 6 }],
  [{ config: { save: ["900 1", "300 10"] } }, { config: { save: ["300 10", "900 1"] } }],
  [{ config: { save: ["900 1", "300 10"] } }, { config: { save: ["900 1,300 10"] } }],
  [{ config: { appendonly: true } }, { config: { appendonly: "true" } }],
  [{ nodes: Number.NaN }, { nodes: undefined }],
  [{ labels: { a: "b,c:d" } }, { labels: { a: "b", c: "d" } }],
])("distinguishes %o from %o", (one, other) => {
  expect(optionsKey(one)).not.toBe(optionsKey(other));
});

test("treats functions as equal only if they are the same object", () => {
  const configureNode = (): void => {};
  expect(optionsKey({ configureNode })).toBe(optionsKey({ configureNode }));
  expect(optionsKey({ configureNode })).not.toBe(optionsKey({ configureNode: () => {} }));
});
