import fc from "fast-check";
import { expect, test } from "vitest";
import { evidenceName } from "./evidence-name.ts";

test("the name says which file and which test", () => {
  expect(evidenceName("test/orders.test.ts", "orders > an order survives")).toMatch(
    /^test-orders-test-orders-an-order-survives-[0-9a-f]{6}$/,
  );
});

test("names that only differ in what is replaced stay apart", () => {
  expect(evidenceName("a.test.ts", "x: 1")).not.toBe(evidenceName("a.test.ts", "x- 1"));
});

test("a retry has a folder of its own", () => {
  expect(evidenceName("a.test.ts", "x", 2)).toBe(`${evidenceName("a.test.ts", "x")}-retry-2`);
});

test("any file and any test make a name that every file system takes", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: "grapheme", maxLength: 400 }),
      (file, name) => {
        expect(evidenceName(file, name)).toMatch(/^[a-z0-9-]{7,100}$/);
      },
    ),
  );
});
