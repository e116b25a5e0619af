import { expect, test } from "vitest";
import { splitLine } from "./split-line.ts";

test.each([
  ["SET a 1", ["SET", "a", "1"]],
  ['  SET\t"a b"   "" ', ["SET", "a b", ""]],
  ['SET a "line\\nend \\"quoted\\" \\\\ \\q"', ["SET", "a", 'line\nend "quoted" \\ q']],
  ["SET a 'it\\'s \\n {\"x\":1}'", ["SET", "a", 'it\'s \\n {"x":1}']],
  ['SET pre"fix" é', ["SET", "prefix", "é"]],
  ["", []],
])("splits %s as redis-cli does", (line, expected) => {
  expect(splitLine(line)?.map(String)).toEqual(expected);
});

test("decodes \\xNN to any byte", () => {
  expect(splitLine('"\\xff\\x00\\xZZ"')).toEqual([Buffer.from([0xff, 0, 0x78, 0x5a, 0x5a])]);
});

test.each(['SET a "open', "SET a 'open", 'SET a "x"y', 'SET a {"x":1}', "SET a 'x'y", 'SET a "\\'])(
  "returns undefined for the invalid line %s",
  (line) => {
    expect(splitLine(line)).toBeUndefined();
  },
);
