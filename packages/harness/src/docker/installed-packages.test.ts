import { expect, test } from "vitest";
import { requireOneTestcontainers, requireVitest, testcontainersVersion } from "./installed-packages.ts";

test("the installed packages use one copy of Testcontainers", () => {
  expect(() => requireOneTestcontainers()).not.toThrow();
});

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

test("two copies of Testcontainers are named with their versions", () => {
  const containerOfAnotherCopy = { prototype: {} };
  expect(() => requireOneTestcontainers(containerOfAnotherCopy)).toThrow(
    expect.objectContaining({
      code: "PACKAGE_CONFLICT",
      message: expect.stringMatching(
        /this library uses testcontainers \d+\.\d+\.\d+, but @testcontainers\/redis \d+\.\d+\.\d+ uses testcontainers \d/,
      ),
      details: expect.objectContaining({ testcontainers: testcontainersVersion() }),
    }),
  );
});
