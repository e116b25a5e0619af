import fc from "fast-check";
import { expect, test } from "vitest";
import { evidenceName } from "./evidence-name.ts";

test("the name says which file and which test, and of several projects which one", () => {
  const run = { file: "test/orders.test.ts", test: "orders > an order survives" };
  expect(evidenceName(run)).toMatch(/^test-orders-test-orders-an-order-survives-[0-9a-f]{6}$/);
  expect(evidenceName({ ...run, project: "valkey 8" })).toMatch(
    /^valkey-8-test-orders-test-orders-an-order-survives-[0-9a-f]{6}$/,
  );
});

test("names that only differ in what is replaced stay apart", () => {
  const names = ["x: 1", "x- 1"].map((name) => evidenceName({ file: "a.test.ts", test: name }));
  expect(new Set(names).size).toBe(2);
});

test("every run of a test has a folder of its own", () => {
  const run = { file: "a.test.ts", test: "x" };
  const name = evidenceName(run);
  expect(evidenceName({ ...run, retry: 2 })).toBe(`${name}-retry-2`);
  expect(evidenceName({ ...run, repeat: 1, retry: 2 })).toBe(`${name}-repeat-1-retry-2`);
  expect(evidenceName({ ...run, namesake: 1 })).toBe(`${name}-2`);
  const runs = ["", "redis", "valkey"].flatMap((project) =>
    ["a.test.ts", "b.test.ts"].flatMap((file) =>
      ["x", "x y"].flatMap((full) =>
        [0, 1].flatMap((namesake) =>
          [0, 1].flatMap((repeat) =>
            [0, 1].map((retry) => evidenceName({ project, file, test: full, namesake, repeat, retry })),
          ),
        ),
      ),
    ),
  );
  expect(new Set(runs).size).toBe(3 * 2 * 2 * 2 * 2 * 2);
});

test("any project, file and test make a name that every file system takes", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: "grapheme", maxLength: 400 }),
      (project, file, name) => {
        expect(evidenceName({ project, file, test: name })).toMatch(/^[a-z0-9-]{7,100}$/);
      },
    ),
  );
});
