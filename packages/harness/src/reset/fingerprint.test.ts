import { expect, test } from "vitest";
import { canonicalModules, canonicalUser } from "./fingerprint.ts";

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

const version = (name: string): ReadonlyMap<string, string> => new Map([["redis_version", name]]);

test("users of a server before 7.2 are equal in any order of their commands, which differs between processes", () => {
  const one = "user app on #ab12 ~app:* resetchannels -@all +@read +psync -client|list +client +ping";
  const other = "user app on #ab12 ~app:* resetchannels -@all +@read +client +ping -client|list +psync";
  const sorted = "user app on #ab12 ~app:* resetchannels -@all +@read +client -client|list +ping +psync";
  expect([one, other].map((user) => canonicalUser(user, version("7.0.15")))).toEqual([sorted, sorted]);
  expect([one, other].map((user) => canonicalUser(user, version("6.2.6")))).toEqual([sorted, sorted]);
  for (const newer of ["7.2.4", "8.0.2"])
    expect([one, other].map((user) => canonicalUser(user, version(newer)))).toEqual([one, other]);
});

test("each selector of a user keeps its own commands, and its categories their order", () => {
  const user = "user app on -@all +@write +@read +set +get (~a:* -@all +ping +get) (%R~b:* -@all +get)";
  expect(canonicalUser(user, version("7.0.15"))).toBe(
    "user app on -@all +@write +@read +get +set (~a:* -@all +get +ping) (%R~b:* -@all +get)",
  );
});

test("the flag of sanitized payloads is not compared", () => {
  expect(canonicalUser("user app on sanitize-payload nopass", version("7.0.15"))).toBe("user app on nopass");
});
