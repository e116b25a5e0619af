import { expect, test } from "vitest";
import { NO_SOURCE, ReplySources } from "./reply-sources.ts";

test("the number of a connection belongs to its node as soon as the node is identified", async () => {
  const sources = new ReplySources();
  const first = sources.addConnection();
  const second = sources.addConnection();
  expect(sources.nodeOf(first)).toBeUndefined();
  const node = Promise.withResolvers<number | undefined>();
  const identified = sources.identify(first, node.promise);
  const all = sources.waitUntilIdentified();
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

test("waitUntilIdentified resolves if a node cannot be identified", async () => {
  const sources = new ReplySources();
  const source = sources.addConnection();
  expect(await sources.identify(source, Promise.reject(new Error("closed")))).toBeUndefined();
  await sources.waitUntilIdentified();
  expect(sources.nodeOf(source)).toBeUndefined();
});

test("numbers are unique, and NO_SOURCE is returned if two bytes are used up", () => {
  const sources = new ReplySources();
  const numbers = new Set<number>([0, 99].map((node) => sources.ofNode(node)));
  for (let count = 0; count < 65_280; count += 1) numbers.add(sources.addConnection());
  expect(numbers.size).toBe(65_282);
  expect(Math.max(...numbers)).toBe(65_535);
  expect(sources.addConnection()).toBe(NO_SOURCE);
});
