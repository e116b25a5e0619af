import { expect, test } from "vitest";
import { describeProblems } from "./test-workloads.ts";

const LEDGER = { acknowledged: 100, lost: [], duplicated: [], stale: [], seed: 7 };
const LOST_WRITE = {
  key: "k",
  kind: "set",
  value: "w0-1",
  shard: 0,
  sentAt: 1,
  acknowledgedAt: 2,
  acknowledgedBy: "node-0",
} as const;

test("finds no problem if all acknowledged writes are present", () => {
  expect(describeProblems(LEDGER)).toBeUndefined();
});

test("reports the number of lost writes, and the seed", () => {
  expect(describeProblems({ ...LEDGER, lost: [LOST_WRITE] })).toMatchInlineSnapshot(
    `"A workload (seed 7) that the test did not stop has problems: 1 of 100 acknowledged writes were lost. If the test expects this, stop the workload in the test and check its ledger there."`,
  );
});

test("reports a workload without any acknowledged write", () => {
  expect(describeProblems({ ...LEDGER, acknowledged: 0 })).toMatch("no write was acknowledged");
});
