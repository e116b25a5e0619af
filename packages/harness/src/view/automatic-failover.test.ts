import { expect, test } from "vitest";
import {
  explainNoFailover,
  isReportedAsFailed,
  primariesWithSlots,
  findTooSmallElectorate,
} from "./automatic-failover.ts";
import type { NodeView } from "./node-view.ts";
import { type NodeEntry, parseClusterNodes } from "./parse-cluster-nodes.ts";

const [ONE, TWO, THREE] = ["1", "2", "3"].map((digit) => digit.repeat(40)) as [string, string, string];

/** Returns the view of a node from lines of CLUSTER NODES. */
function view(node: string, ...lines: readonly string[]): NodeView {
  const members: readonly NodeEntry[] = parseClusterNodes(lines.join("\n"));
  return { kind: "answered", node, state: "ok", currentEpoch: 9, members, inSync: true };
}

function entry(id: string, flags: string, epoch: number, slots = ""): string {
  const primary = flags.includes("slave") ? ONE : "-";
  return `${id} 10.0.0.1:6379@16379 ${flags} ${primary} 0 0 ${epoch} connected ${slots}`.trimEnd();
}

test("one or two primaries cannot replace a failed primary, but three can", () => {
  expect(findTooSmallElectorate(1)).toEqual({ primaries: 1, votesNeeded: 1 });
  expect(findTooSmallElectorate(2)).toEqual({ primaries: 2, votesNeeded: 2 });
  expect(findTooSmallElectorate(3)).toBeUndefined();
});

test("a silent primary owns its slots until another node has a newer claim", () => {
  const silent: NodeView = { kind: "silent", node: "node-0", reason: "refused" };
  const before = view("node-1", entry(ONE, "master,fail", 1, "0-16383"), entry(TWO, "myself,slave", 0));
  expect([...primariesWithSlots([silent, before])]).toEqual([ONE]);
  const after = view("node-1", entry(ONE, "master,fail", 1), entry(TWO, "myself,master", 2, "0-16383"));
  const stale = view("node-2", entry(ONE, "master,fail", 1, "0-16383"), entry(THREE, "myself,slave", 0));
  for (const views of [
    [silent, stale, after],
    [silent, after, stale],
  ]) {
    expect([...primariesWithSlots(views)]).toEqual([TWO]);
  }
  expect([...primariesWithSlots([silent])]).toEqual([]);
});

test("primaries without slots do not count", () => {
  const seen = view(
    "node-0",
    entry(ONE, "myself,master", 1, "0-100 200-16383"),
    entry(TWO, "master", 2, "101-199"),
    entry(THREE, "master", 3),
  );
  expect([...primariesWithSlots([seen])]).toEqual([ONE, TWO]);
});

test("isReportedAsFailed is true if the primary or another node reports a failure", () => {
  const healthy = view("node-1", entry(ONE, "master", 1, "0-16383"), entry(TWO, "myself,slave", 0));
  const suspecting = view("node-1", entry(ONE, "master,fail?", 1, "0-16383"), entry(TWO, "myself,slave", 0));
  const one = { name: "node-0", id: ONE };
  expect(isReportedAsFailed([healthy], one)).toBe(false);
  expect(isReportedAsFailed([healthy, suspecting], one)).toBe(true);
  expect(isReportedAsFailed([suspecting], { name: "node-1", id: TWO })).toBe(false);
  expect(isReportedAsFailed([{ ...healthy, node: "node-0", state: "fail" } as NodeView], one)).toBe(true);
});

test("the explanation contains the failed nodes, the votes and a remedy", () => {
  expect(explainNoFailover(["node-1"], { primaries: 2, votesNeeded: 2 })).toBe(
    'node-1 failed or is cut off, and no replica can be promoted without mode "takeover". A promotion needs the votes of 2 of 2 primaries. A failed primary is counted, but cannot vote. Use failover(replica, { mode: "takeover" }), heal or restart node-1, or start the cluster with three or more primaries.',
  );
});
