import { expect, test } from "vitest";
import { requireOneTestcontainers, testcontainersVersion } from "./installed-packages.ts";

test("the installed packages use one copy of Testcontainers", () => {
  expect(() => requireOneTestcontainers()).not.toThrow();
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
