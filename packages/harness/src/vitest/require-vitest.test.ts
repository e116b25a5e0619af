import { expect, test } from "vitest";
import { requireVitest } from "./require-vitest.ts";

test("a Vitest that is too old for the fixtures is named with its version", () => {
  expect(() => requireVitest()).not.toThrow();
  expect(() => requireVitest("3.2.0")).not.toThrow();
  expect(() => requireVitest("2.1.9")).toThrow(
    expect.objectContaining({
      code: "PACKAGE_CONFLICT",
      message: expect.stringContaining("need Vitest 3.2.0 or newer, but version 2.1.9 is installed"),
      details: { vitest: "2.1.9" },
    }),
  );
});
