import { expect, test } from "vitest";
import { modulesOf } from "./fingerprint.ts";

const NOTE = ["name", "note", "ver", 1, "path", "/opt/note.so", "args", []];
const VECTORS = ["name", "vectorset", "ver", 1, "path", "", "args", []];

test("modules are the same in any order, as each process lists them in another", () => {
  expect(modulesOf([NOTE, VECTORS])).toBe(modulesOf([VECTORS, NOTE]));
});

test("modules with other versions, paths or arguments are others", () => {
  const others = [
    [],
    [NOTE],
    [[...NOTE.slice(0, 3), 2, ...NOTE.slice(4)], VECTORS],
    [[...NOTE.slice(0, 7), ["8"]], VECTORS],
  ];
  expect(new Set([[NOTE, VECTORS], ...others].map(modulesOf)).size).toBe(others.length + 1);
});
