import { expect, test } from "vitest";
import type { EvidenceBundle, NodeEvidence } from "./evidence.ts";
import { ClusterHistory } from "./cluster-history.ts";
import { LAST_LINES, nodesAtFailure } from "./nodes-at-failure.ts";

function bundleOf(...nodes: readonly NodeEvidence[]): EvidenceBundle {
  return {
    title: "test",
    at: 0,
    error: undefined,
    plan: undefined,
    nodes,
    view: undefined,
    check: undefined,
    history: new ClusterHistory(),
    versions: {},
  };
}

const RUNNING: NodeEvidence = {
  name: "node-0",
  state: { kind: "answered", value: { status: "running", exitCode: undefined, oomKilled: false } },
  unreachableAt: "127.0.0.1:32768",
  info: { kind: "missing", reason: "no answer" },
  log: { kind: "answered", value: "" },
};

test("reports the unreachable address of a running node, but not of a stopped one", () => {
  const stopped: NodeEvidence = {
    ...RUNNING,
    state: { kind: "answered", value: { status: "exited", exitCode: 1, oomKilled: false } },
  };
  expect(nodesAtFailure(bundleOf(RUNNING, stopped))).toMatchObject([
    { status: "running", unreachableAt: "127.0.0.1:32768" },
    { status: "exited", exitCode: 1, unreachableAt: undefined },
  ]);
});

test("reports the status unknown and no lines if the engine does not answer", () => {
  const missing = { kind: "missing", reason: "no answer" } as const;
  expect(nodesAtFailure(bundleOf({ ...RUNNING, state: missing, log: missing }))).toMatchObject([
    { status: "unknown", oomKilled: false, lastLines: [] },
  ]);
});

test("shortens the log to its last lines without timestamps, secrets and long ends", () => {
  const lines = Array.from({ length: 30 }, (_, index) => `2026-11-24T02:14:44.123456789Z line ${index}`);
  const value = [...lines, "2026-11-24T02:14:45Z requirepass hunter2", "x".repeat(300), ""].join("\n");
  const [node] = nodesAtFailure(bundleOf({ ...RUNNING, log: { kind: "answered", value } }));
  expect(node?.lastLines).toHaveLength(LAST_LINES);
  expect(node?.lastLines.slice(-3)).toEqual(["line 29", "requirepass ***", `${"x".repeat(200)}…`]);
});
