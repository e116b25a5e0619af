import { expect, test } from "vitest";
import type { Baseline } from "../reset/baseline.ts";
import { decodeBaseline, encodeBaseline } from "./shared-cluster.ts";

test("decodes an encoded baseline to an equal one, with its maps and lists", () => {
  const baseline: Baseline = {
    fingerprints: [
      {
        node: "node-0",
        runId: "a",
        at: 1_000,
        config: new Map([["save", ""]]),
        acl: ["user default on"],
        modules: "[]",
        configEpoch: 1,
        failoverMessages: new Map([["fail_sent", 2]]),
        calls: new Map(),
        snapshots: { saves: 0, rewrites: 0, saving: false, unwritten: 0, syncs: 0, replicationId: "r" },
        held: { keys: 0, scripts: 0, functions: 0, failureReports: 0, followers: 1 },
        view: { kind: "answered", node: "node-0", state: "ok", currentEpoch: 3, members: [], inSync: true },
      },
    ],
  };
  expect(decodeBaseline(encodeBaseline(baseline))).toEqual(baseline);
});
