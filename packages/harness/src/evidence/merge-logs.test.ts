import { expect, test } from "vitest";
import { mergeLogs, type NodeLog } from "./merge-logs.ts";

function logOf(node: string, value: string): NodeLog {
  return { node, log: { kind: "answered", value } };
}

test("sorts the lines of all nodes by time, and adds the time and the node", () => {
  const merged = mergeLogs([
    logOf("node-0", "2026-11-24T02:14:44.100000000Z first\n2026-11-24T02:14:44.300000000Z third\n"),
    logOf("node-10", "2026-11-24T02:14:44.200000000Z second\n2026-11-24T02:14:45Z fourth\n"),
  ]);
  expect(merged).toEqual([
    "2026-11-24T02:14:44.100Z node-0  first",
    "2026-11-24T02:14:44.200Z node-10 second",
    "2026-11-24T02:14:44.300Z node-0  third",
    "2026-11-24T02:14:45.000Z node-10 fourth",
  ]);
});

test("compares fractions of a millisecond and time zones", () => {
  const merged = mergeLogs([
    logOf("a", "2026-11-24T02:14:44.1000002Z second\n2026-11-24T03:14:44.2+01:00 fourth"),
    logOf("b", "2026-11-24T02:14:44.1000001Z first\n2026-11-24T02:14:44.11Z third"),
  ]);
  expect(merged.map((line) => line.split(" ").at(-1))).toEqual(["first", "second", "third", "fourth"]);
});

test("keeps a line without a timestamp behind the line before it", () => {
  const merged = mergeLogs([
    logOf("a", "2026-11-24T02:14:44.5Z only"),
    logOf("b", "early\n2026-11-24T02:14:44.1Z one\n  its rest\n2026-11-24T02:14:44.9Z two"),
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

test("keeps the order of a node's lines if its timestamps go back", () => {
  const merged = mergeLogs([
    logOf("a", "2026-11-24T02:14:44.5Z one\n2026-11-24T02:14:44.4Z two"),
    logOf("b", "2026-11-24T02:14:44.45Z three"),
  ]);
  expect(merged.map((line) => line.split(" ").at(-1))).toEqual(["three", "one", "two"]);
});

test("reports why a log is missing", () => {
  expect(mergeLogs([{ node: "node-3", log: { kind: "missing", reason: "no answer for 3000 ms" } }])).toEqual([
    "node-3: no log (no answer for 3000 ms)",
  ]);
});

test("returns no lines if there are no logs", () => {
  expect(mergeLogs([])).toEqual([]);
  expect(mergeLogs([logOf("a", "")])).toEqual([]);
});
