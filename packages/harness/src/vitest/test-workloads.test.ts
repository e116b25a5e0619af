import { expect, test } from "vitest";
import { whatIsWrong } from "./test-workloads.ts";

const clean = { acknowledged: 100, lost: [], duplicated: [], stale: [], seed: 7 };
const lost = {
  key: "k",
  kind: "set",
  value: "w0-1",
  shard: 0,
  sentAt: 1,
  acknowledgedAt: 2,
  acknowledgedBy: "node-0",
} as const;

test("a workload whose acknowledged writes are all there is right", () => {
  expect(whatIsWrong(clean)).toBeUndefined();
});

test("lost writes are counted, and the seed told", () => {
  expect(whatIsWrong({ ...clean, lost: [lost] })).toMatchInlineSnapshot(
    `"The workload (seed 7) that the test left running: 1 of 100 acknowledged writes are lost. A test that expects this stops its workload and looks at the ledger itself."`,
  );
});

test("a workload without any acknowledged write proves nothing", () => {
  expect(whatIsWrong({ ...clean, acknowledged: 0 })).toMatch("no write was acknowledged at all");
});
