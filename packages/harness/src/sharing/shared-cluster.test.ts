import { expect, test } from "vitest";
import type { Baseline } from "../reset/baseline.ts";
import { decodeBaseline, encodeBaseline } from "./shared-cluster.ts";

test("a baseline survives the way to another process, maps and lists alike", () => {
  const baseline: Baseline = {
    at: 1_000,
    fingerprints: [
      {
        node: "node-0",
        runId: "a",
        config: new Map([["save", ""]]),
        acl: ["user default on"],
        modules: "[]",
        configEpoch: 1,
        failoverMessages: new Map([["fail_sent", 2]]),
        calls: new Map(),
        view: { kind: "answered", node: "node-0", state: "ok", currentEpoch: 3, members: [], inSync: true },
      },
    ],
  };
  expect(decodeBaseline(encodeBaseline(baseline))).toEqual(baseline);
});
