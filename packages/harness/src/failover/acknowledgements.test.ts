import { expect, test } from "vitest";
import { type Acknowledgement, acknowledgementOf, lastBefore, ofDeposed } from "./acknowledgements.ts";

test.each([
  ["by the node's clock", { sentAt: 100, atMs: 120, serverMs: 110.9 }, 0, 110],
  ["by a clock that is ahead", { sentAt: 100, atMs: 120, serverMs: 5_110.5 }, 5_000, 110],
  ["not before it was sent", { sentAt: 100, atMs: 120, serverMs: 97 }, 0, 100],
  ["not after it was answered", { sentAt: 100, atMs: 120, serverMs: 131 }, 0, 120],
  ["when it was sent, without a time", { sentAt: 100, atMs: 120, serverMs: undefined }, 5_000, 100],
] as const)("a write was executed %s", (_, reply, aheadMs, executedAt) => {
  expect(acknowledgementOf("node-1", reply, { aheadMs })).toEqual({
    node: "node-1",
    atMs: 120,
    executedAt,
  });
});

const by = (node: string, executedAt: number): Acknowledgement => ({ node, executedAt, atMs: executedAt });
/** There and back, and over to a third node. */
const TERMS = [
  { node: "a", fromMs: Number.NEGATIVE_INFINITY },
  { node: "b", fromMs: 100 },
  { node: "a", fromMs: 200 },
  { node: "c", fromMs: 300 },
];

test("only what a node acknowledged outside of all its terms, and after one of them, is of a deposed node", () => {
  const all = [
    by("a", 50),
    by("a", 150),
    by("a", 250),
    by("a", 350),
    by("b", 150),
    by("b", 250),
    by("c", 350),
  ];
  expect(ofDeposed(all, TERMS, 0)).toEqual([by("a", 150), by("a", 350), by("b", 250)]);
  // So far apart may the clocks be.
  expect(ofDeposed(all, TERMS, 50)).toEqual([]);
});

test("the last write before the last promotion is of the node whose term it was", () => {
  const all = [by("a", 50), by("a", 210), by("b", 260), by("c", 310), by("a", 320)];
  expect(lastBefore(all, TERMS, 0)).toEqual(by("a", 210));
  expect(lastBefore([by("c", 310)], TERMS, 0)).toBeUndefined();
});
