import fc from "fast-check";
import { expect, test } from "vitest";
import { evidenceName } from "./evidence-name.ts";

test("contains the file, the test and, if it has a name, the project", () => {
  const run = { file: "test/orders.test.ts", test: "orders > an order survives" };
  expect(evidenceName(run)).toMatch(/^test-orders-test-orders-an-order-survives-[0-9a-f]{6}$/);
  expect(evidenceName({ ...run, project: "valkey 8" })).toMatch(
    /^valkey-8-test-orders-test-orders-an-order-survives-[0-9a-f]{6}$/,
  );
});

test("distinguishes tests whose names differ only in replaced characters", () => {
  const names = ["x: 1", "x- 1"].map((name) => evidenceName({ file: "a.test.ts", test: name }));
  expect(new Set(names).size).toBe(2);
});

test("differs for every run of a test", () => {
  const run = { file: "a.test.ts", test: "x" };
  const name = evidenceName(run);
  expect(evidenceName({ ...run, retry: 2 })).toBe(`${name}-retry-2`);
  expect(evidenceName({ ...run, repeat: 1, retry: 2 })).toBe(`${name}-repeat-1-retry-2`);
  expect(evidenceName({ ...run, duplicateIndex: 1 })).toBe(`${name}-2`);
  const names = ["", "redis", "valkey"].flatMap((project) =>
    ["a.test.ts", "b.test.ts"].flatMap((file) =>
      ["x", "x y"].flatMap((fullName) =>
        [0, 1].flatMap((duplicateIndex) =>
          [0, 1].flatMap((repeat) =>
            [0, 1].map((retry) =>
              evidenceName({ project, file, test: fullName, duplicateIndex, repeat, retry }),
            ),
          ),
        ),
      ),
    ),
  );
  expect(new Set(names).size).toBe(3 * 2 * 2 * 2 * 2 * 2);
});

test("is valid on every file system for any project, file and test", () => {
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
