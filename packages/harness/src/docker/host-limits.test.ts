import { expect, test } from "vitest";
import { refuseTooMany } from "./host-limits.ts";

test("as many nodes as the neighbour table has room for are let through", () => {
  expect(() => refuseTooMany(32, 1024)).not.toThrow();
});

test("one more is refused, with the setting to change and the number that fits", () => {
  expect(() => refuseTooMany(33, 1024)).toThrow(
    expect.objectContaining({
      code: "HOST_LIMIT",
      message: expect.stringMatching(/need 1056 entries.*holds 1024.*gc_thresh3=8192.*at most 32 nodes/s),
      details: { nodes: 33, needed: 1056, limit: 1024, setting: "net.ipv4.neigh.default.gc_thresh3" },
    }),
  );
});

test("the number that fits does fit, whatever the table's size", () => {
  for (const limit of [2, 5, 6, 100, 1023, 1024, 4096]) {
    const error = (() => {
      try {
        refuseTooMany(100, limit);
      } catch (thrown) {
        return String(thrown);
      }
      throw new Error("not refused");
    })();
    const fits = Number(/at most (\d+) nodes/.exec(error)?.[1]);
    expect(fits * (fits - 1)).toBeLessThanOrEqual(limit);
    expect((fits + 1) * fits).toBeGreaterThan(limit);
  }
});
