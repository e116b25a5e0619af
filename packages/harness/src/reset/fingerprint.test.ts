import { expect, test } from "vitest";
import { canonicalModules } from "./fingerprint.ts";

const NOTE = ["name", "note", "ver", 1, "path", "/opt/note.so", "args", []];
const VECTORS = ["name", "vectorset", "ver", 1, "path", "", "args", []];

test("modules are equal in any order, because each process lists them differently", () => {
  expect(canonicalModules([NOTE, VECTORS])).toBe(canonicalModules([VECTORS, NOTE]));
});

test("modules with different versions, paths or arguments are not equal", () => {
  const others = [
    [],
    [NOTE],
    [[...NOTE.slice(0, 3), 2, ...NOTE.slice(4)], VECTORS],
    [[...NOTE.slice(0, 7), ["8"]], VECTORS],
  ];
  expect(new Set([[NOTE, VECTORS], ...others].map(canonicalModules)).size).toBe(others.length + 1);
});
