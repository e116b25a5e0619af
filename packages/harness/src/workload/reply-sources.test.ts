import { expect, test } from "vitest";
import { ReplySources, NO_SOURCE } from "./reply-sources.ts";

test("a connection has no node until it is identified, and keeps its number then", async () => {
  const sources = new ReplySources();
  const first = sources.open();
  const second = sources.open();
  expect(sources.nodeOf(first)).toBeUndefined();
  const node = Promise.withResolvers<number | undefined>();
  const identified = sources.identify(first, node.promise);
  const all = sources.identified();
  expect(sources.nodeOf(first)).toBeUndefined();
  node.resolve(4);
  expect(await identified).toBe(4);
  await all;
  expect([first, second, NO_SOURCE].map((source) => sources.nodeOf(source))).toEqual([
    4,
    undefined,
    undefined,
  ]);
  expect(sources.nodeOf(sources.ofNode(99))).toBe(99);
  expect(sources.nodeOf(sources.ofNode(0))).toBe(0);
});

test("a connection whose node stays unknown keeps nobody waiting", async () => {
  const sources = new ReplySources();
  const source = sources.open();
  expect(await sources.identify(source, Promise.reject(new Error("closed")))).toBeUndefined();
  await sources.identified();
  expect(sources.nodeOf(source)).toBeUndefined();
});

test("no number is given twice, and there is none when two bytes are used up", () => {
  const sources = new ReplySources();
  const given = new Set<number>([0, 99].map((node) => sources.ofNode(node)));
  for (let count = 0; count < 65_280; count += 1) given.add(sources.open());
  expect(given.size).toBe(65_282);
  expect(Math.max(...given)).toBe(65_535);
  expect(sources.open()).toBe(NO_SOURCE);
});
