import { expect, test } from "vitest";
import { refuseTooMany } from "./host-limits.ts";

test("lets through the nodes that fit together with the gateway's entries", () => {
  expect(() => refuseTooMany(31, 1024)).not.toThrow();
  expect(() => refuseTooMany(31, 31 * 30 + 2 * 31)).not.toThrow();
});

test("refuses one more, with the setting to change and the number that fits", () => {
  expect(() => refuseTooMany(32, 1024)).toThrow(
    expect.objectContaining({
      code: "HOST_LIMIT",
      message: expect.stringMatching(/need 1056 entries.*holds 1024.*gc_thresh3=8192.*at most 31 nodes/s),
      details: { nodes: 32, needed: 1056, limit: 1024, setting: "net.ipv4.neigh.default.gc_thresh3" },
    }),
  );
});

test("advises the largest number of nodes that fits, for any table size", () => {
  for (const limit of [2, 5, 6, 11, 12, 100, 1023, 1024, 1055, 1056, 4096]) {
    const error = refusal(200, limit);
    const fits = Number(/at most (\d+) nodes/.exec(error ?? "")?.[1]);
    expect(refusal(fits, limit)).toBeUndefined();
    expect(refusal(fits + 1, limit)).toBeDefined();
  }
});

function refusal(nodes: number, limit: number): string | undefined {
  try {
    refuseTooMany(nodes, limit);
    return undefined;
  } catch (error) {
    return String(error);
  }
}
