import { expect, test } from "vitest";
import {
  type Acknowledgement,
  findLastWriteBeforeLastTerm,
  selectLateWrites,
  toAcknowledgement,
} from "./acknowledgements.ts";

test.each([
  ["of the node's clock", { sentAt: 100, atMs: 120, serverMs: 110.9 }, 0, 110],
  ["of a node's clock that is ahead", { sentAt: 100, atMs: 120, serverMs: 5_110.5 }, 5_000, 110],
  ["of sending if the node's clock is earlier", { sentAt: 100, atMs: 120, serverMs: 97 }, 0, 100],
  ["of the reply if the node's clock is later", { sentAt: 100, atMs: 120, serverMs: 131 }, 0, 120],
  ["of sending if the reply has no time", { sentAt: 100, atMs: 120, serverMs: undefined }, 5_000, 100],
] as const)("a write is executed at the time %s", (_, reply, offsetMs, executedAt) => {
  expect(toAcknowledgement("node-1", reply, { offsetMs })).toEqual({
    node: "node-1",
    atMs: 120,
    executedAt,
  });
});

const writeBy = (node: string, executedAt: number): Acknowledgement => ({
  node,
  executedAt,
  atMs: executedAt,
});
/** The shard fails over to node b, back to node a, and then to node c. */
const TERMS = [
  { node: "a", fromMs: Number.NEGATIVE_INFINITY },
  { node: "b", fromMs: 100 },
  { node: "a", fromMs: 200 },
  { node: "c", fromMs: 300 },
];

test("a late write is outside of all terms of its node, and after one of them", () => {
  const writes = [
    writeBy("a", 50),
    writeBy("a", 150),
    writeBy("a", 250),
    writeBy("a", 350),
    writeBy("b", 150),
    writeBy("b", 250),
    writeBy("c", 350),
  ];
  expect(selectLateWrites(writes, TERMS, 0)).toEqual([
    writeBy("a", 150),
    writeBy("a", 350),
    writeBy("b", 250),
  ]);
  // All of these writes are within the maximum difference of the clocks.
  expect(selectLateWrites(writes, TERMS, 50)).toEqual([]);
});

test("the last write before the last promotion is by the owner of that time", () => {
  const writes = [
    writeBy("a", 50),
    writeBy("a", 210),
    writeBy("b", 260),
    writeBy("c", 310),
    writeBy("a", 320),
  ];
  expect(findLastWriteBeforeLastTerm(writes, TERMS, 0)).toEqual(writeBy("a", 210));
  expect(findLastWriteBeforeLastTerm([writeBy("c", 310)], TERMS, 0)).toBeUndefined();
});
