import { expect, test } from "vitest";
import type { NodeView } from "./node-view.ts";
import { formatNodeView } from "./format-node-view.ts";
import { parseClusterNodes } from "./parse-cluster-nodes.ts";

const A = "a".repeat(40);
const B = "b".repeat(40);
const NAMES = new Map([[A, "node-0"]]);

function viewOf(lines: string, inSync = true): NodeView {
  return {
    kind: "answered",
    node: "node-0",
    state: "fail",
    currentEpoch: 9,
    members: parseClusterNodes(lines),
    inSync,
  };
}

test("the line of a primary contains slots, epochs, state and failed nodes", () => {
  const view = viewOf(
    `${A} 172.28.0.2:6379@16379 myself,master - 0 0 4 connected 0-100 200\n` +
      `${B} 172.28.0.3:6379@16379 master,fail? - 0 0 5 connected 300`,
  );
  expect(formatNodeView(view, NAMES)).toBe(
    "node-0: primary of 0-100 200, epoch 4 of 9, state fail, flags bbbbbbbb fail?",
  );
});

test("the line of a replica contains its primary, its sync and nofailover", () => {
  const view = viewOf(`${B} 172.28.0.2:6379@16379 myself,slave,nofailover ${A} 0 0 4 connected`, false);
  expect(formatNodeView(view, NAMES)).toBe(
    "node-0: replica of node-0, not in sync, epoch 4 of 9, state fail, flags no node, no automatic failover (nofailover)",
  );
});

test("the line of a silent node contains the reason", () => {
  expect(formatNodeView({ kind: "silent", node: "node-1", reason: "connection refused" }, NAMES)).toBe(
    "node-1: silent (connection refused)",
  );
});
