import { expect, test, vi } from "vitest";
import { loadLibrary } from "./load-library.ts";

test("loading a package with a native part looks up no names of connected addresses", () => {
  const report = process.report as { excludeNetwork?: boolean; getReport(): object };
  const original = report.getReport.bind(report);
  const excluded: unknown[] = [];
  vi.spyOn(report, "getReport").mockImplementation(() => {
    excluded.push(report.excludeNetwork);
    return original();
  });
  loadLibrary({ packageName: "@valkey/valkey-glide", range: ">=2" });
  expect(excluded.length, "the number of reports").toBeGreaterThan(0);
  expect(new Set(excluded)).toEqual(new Set([true]));
  expect(report.excludeNetwork).toBe(false);
});

test("loads an installed package in a supported version, also if it does not export its package.json", () => {
  for (const [packageName, range] of [
    ["redis", ">=5"],
    ["@valkey/valkey-glide", ">=2"],
  ] as const)
    expect(loadLibrary({ packageName, range })).toHaveProperty(
      packageName === "redis" ? "createCluster" : "GlideClient",
    );
});

test("names a package that is not installed", () => {
  expect(() => loadLibrary({ packageName: "no-such-client", range: "^5.0.0" })).toThrow(
    expect.objectContaining({
      code: "CLIENT_MISSING",
      message:
        "Connecting a client: this needs the package no-such-client (^5.0.0), but it is not installed. " +
        'Run `npm install --save-dev "no-such-client@^5.0.0"`.',
      details: { package: "no-such-client", range: "^5.0.0", version: undefined },
    }),
  );
});

test("names the installed version of a package that is too old", () => {
  expect(() => loadLibrary({ packageName: "redis", range: "^99.0.0" })).toThrow(
    expect.objectContaining({
      code: "CLIENT_MISSING",
      message: expect.stringMatching(/redis \(\^99\.0\.0\), but version \d+\.\d+\.\d+ is installed/),
    }),
  );
});
