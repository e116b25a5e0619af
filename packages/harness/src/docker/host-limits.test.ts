import { expect, test } from "vitest";
import { checkEntries } from "./host-limits.ts";

test("accepts as many nodes as fit with the entries of the gateway", () => {
  expect(() => checkEntries(31, 1024)).not.toThrow();
  expect(() => checkEntries(31, 31 * 30 + 2 * 31)).not.toThrow();
});

test("rejects one more node, with the setting and the maximum number of nodes", () => {
  expect(() => checkEntries(32, 1024)).toThrow(
    expect.objectContaining({
      code: "HOST_LIMIT",
      message: expect.stringMatching(/need 1056 entries.*holds 1024.*gc_thresh3=8192.*at most 31 nodes/s),
      details: { nodes: 32, needed: 1056, limit: 1024, setting: "net.ipv4.neigh.default.gc_thresh3" },
    }),
  );
});

test("reports the maximum number of nodes for any size of the table", () => {
  for (const limit of [2, 5, 6, 11, 12, 100, 1023, 1024, 1055, 1056, 4096]) {
    const error = errorMessage(200, limit);
    const maxNodes = Number(/at most (\d+) nodes/.exec(error ?? "")?.[1]);
    expect(errorMessage(maxNodes, limit)).toBeUndefined();
    expect(errorMessage(maxNodes + 1, limit)).toBeDefined();
  }
});

function errorMessage(nodes: number, limit: number): string | undefined {
  try {
    checkEntries(nodes, limit);
    return undefined;
  } catch (error) {
    return String(error);
  }
}
