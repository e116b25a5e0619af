import { expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { seedKey } from "../seed/dataset.ts";
import { findTransientDifferences } from "./differences.ts";
import type { Fingerprint } from "./fingerprint.ts";

const plan = planCluster(
  validateOptions({ nodes: 1, replicas: 0 }, {}),
  parseSubnet("10.77.0.0/24"),
  (count) => "a".repeat(count),
);

function fingerprint(keys: number, functions: number): Fingerprint {
  return {
    ...{ node: "node-0", runId: "a", at: 0, config: new Map(), acl: [], modules: "", configEpoch: 1 },
    ...{ failoverMessages: new Map(), calls: new Map() },
    snapshots: { saves: 0, rewrites: 0, saving: false, unwritten: 0, syncs: 0, replicationId: "" },
    held: { keys, scripts: 0, functions, failureReports: 0, followers: 0 },
    view: {
      ...{ kind: "answered", node: "node-0", members: [], state: "ok" },
    } as unknown as Fingerprint["view"],
  };
}

const keys = [1, 2, 3].map((index) =>
  seedKey(Buffer.from(`key-${index}`), Buffer.from("payload"), index === 1 ? 500 : undefined),
);
const seed = {
  restoreMs: 0,
  shards: [
    { keys: new Map(keys.map((key) => [String(key.name), key])), functions: undefined, librariesDigest: "" },
  ],
};

test("reports every key and function if the cluster has no seed", () => {
  const before = { fingerprints: [fingerprint(0, 0)] };
  expect(findTransientDifferences(plan, before, fingerprint(0, 0))).toEqual([]);
  expect(findTransientDifferences(plan, before, fingerprint(2, 1))).toEqual([
    "node-0 has 2 keys, expected 0",
    "node-0 has 1 functions, expected 0",
  ]);
});

test("reports missing and extra keys of a seed, except keys that expire", () => {
  const before = { fingerprints: [fingerprint(3, 1)], seed };
  for (const count of [2, 3])
    expect(findTransientDifferences(plan, before, fingerprint(count, 1))).toEqual([]);
  expect(findTransientDifferences(plan, before, fingerprint(1, 1))).toEqual([
    "node-0 has 1 keys, expected 2 to 3",
  ]);
  expect(findTransientDifferences(plan, before, fingerprint(4, 0))).toEqual([
    "node-0 has 4 keys, expected 2 to 3",
    "node-0 has 0 functions, expected 1",
  ]);
});
