import { expect, test } from "vitest";
import { mergeLogs, type NodeLog } from "./merge-logs.ts";

function printed(node: string, value: string): NodeLog {
  return { node, log: { kind: "answered", value } };
}

test("the lines of all nodes come in the order of time, each with its time and its node", () => {
  const merged = mergeLogs([
    printed("node-0", "2026-11-24T02:14:44.100000000Z first\n2026-11-24T02:14:44.300000000Z third\n"),
    printed("node-10", "2026-11-24T02:14:44.200000000Z second\n2026-11-24T02:14:45Z fourth\n"),
  ]);
  expect(merged).toEqual([
    "2026-11-24T02:14:44.100Z node-0  first",
    "2026-11-24T02:14:44.200Z node-10 second",
    "2026-11-24T02:14:44.300Z node-0  third",
    "2026-11-24T02:14:45.000Z node-10 fourth",
  ]);
});

test("less than a millisecond counts, however many digits a stamp has, and so does its zone", () => {
  const merged = mergeLogs([
    printed("a", "2026-11-24T02:14:44.1000002Z second\n2026-11-24T03:14:44.2+01:00 fourth"),
    printed("b", "2026-11-24T02:14:44.1000001Z first\n2026-11-24T02:14:44.11Z third"),
  ]);
  expect(merged.map((line) => line.split(" ").at(-1))).toEqual(["first", "second", "third", "fourth"]);
});

test("a line without a stamp stays behind the line before it, and one before all stamps comes first", () => {
  const merged = mergeLogs([
    printed("a", "2026-11-24T02:14:44.5Z only"),
    printed("b", "early\n2026-11-24T02:14:44.1Z one\n  its rest\n2026-11-24T02:14:44.9Z two"),
  ]);
  expect(merged.map((line) => line.slice(25))).toEqual([
    "b early",
    "b one",
    "b   its rest",
    "a only",
    "b two",
  ]);
  expect(merged[2]).toMatch(/^2026-11-24T02:14:44\.100Z /);
});

test("a node's own lines keep their order where its stamps go back", () => {
  const merged = mergeLogs([
    printed("a", "2026-11-24T02:14:44.5Z one\n2026-11-24T02:14:44.4Z two"),
    printed("b", "2026-11-24T02:14:44.45Z three"),
  ]);
  expect(merged.map((line) => line.split(" ").at(-1))).toEqual(["three", "one", "two"]);
});

test("a log that could not be had is told of in its place", () => {
  expect(mergeLogs([{ node: "node-3", log: { kind: "missing", reason: "no answer for 3000 ms" } }])).toEqual([
    "node-3: no log (no answer for 3000 ms)",
  ]);
});

test("no logs give no lines", () => {
  expect(mergeLogs([])).toEqual([]);
  expect(mergeLogs([printed("a", "")])).toEqual([]);
});
