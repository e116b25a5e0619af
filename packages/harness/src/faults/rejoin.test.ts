import { expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { type ClusterView, mergeViews } from "../view/cluster-view.ts";
import type { NodeView } from "../view/node-view.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { formatRanges } from "../view/slot-ranges.ts";
import { findRejoinProblem } from "./rejoin.ts";

let next = 0;
const PLAN = planCluster(
  validateOptions({ nodes: 4, replicas: 0 }, {}),
  parseSubnet("10.1.0.0/24"),
  (length) => String((next += 1)).padStart(length, "0"),
);
const NODES = PLAN.nodes;
const [RESTARTED] = NODES;

/** Four primaries, of which node-3 is away and flagged; node-0 has the given state. */
function viewWith(
  state: string,
  options: { readonly flag?: string; readonly all?: boolean } = {},
): ClusterView {
  const { flag = "", all = false } = options;
  const views = NODES.map((by): NodeView => {
    if (by.index === 3 && !all) return { kind: "silent", node: by.name, reason: "away" };
    const lines = NODES.map(({ id, index, address }) => {
      const slots = PLAN.shards[index]?.slots;
      const flags = `${index === by.index ? "myself," : ""}master${index === 3 ? flag : ""}`;
      return `${id} ${address}:6379@16379 ${flags} - 0 0 ${index + 1} connected ${formatRanges(slots === undefined ? [] : [slots])}`;
    });
    return {
      kind: "answered",
      node: by.name,
      state: by === RESTARTED ? state : "ok",
      currentEpoch: 4,
      members: parseClusterNodes(lines.join("\n")),
      inSync: true,
    };
  });
  return mergeViews(views, new Map(NODES.map(({ id, name }) => [id, name])));
}

function why(view: ClusterView, requireFullCoverage = true): string | undefined {
  if (RESTARTED === undefined) throw new Error("no node");
  return findRejoinProblem({ plan: RESTARTED }, view, requireFullCoverage);
}

test("a restarted node is back when everything is right", () => {
  expect(why(viewWith("ok", { all: true }))).toBeUndefined();
  expect(why(viewWith("ok"))).toBeUndefined();
});

test("a restarted node that refuses commands is not back, also while another node is away", () => {
  expect(why(viewWith("fail", { all: true }))).toBe("node-0 reports cluster_state:fail");
  expect(why(viewWith("fail"))).toBe("node-0 reports cluster_state:fail");
  expect(why(viewWith("fail", { flag: ",fail" }), false)).toBe("node-0 reports cluster_state:fail");
});

test("a replica's sync is not waited for if its primary has failed for good", () => {
  const plan = planCluster(validateOptions({ replicas: [1, 1] }, {}), parseSubnet("10.1.0.0/24"), (length) =>
    String((next += 1)).padStart(length, "0"),
  );
  const primaryOf = (shard: number): string => plan.nodes[plan.shards[shard]?.primary ?? -1]?.id ?? "";
  // node-0 is dead, and node-2, its replica, has started again.
  const views = plan.nodes.map((by): NodeView => {
    if (by.index === 0) return { kind: "silent", node: by.name, reason: "refused" };
    const lines = plan.nodes.map((node) => {
      const isPrimary = node.role === "primary";
      const flags = `${node === by ? "myself," : ""}${isPrimary ? "master" : "slave"}${node.index === 0 ? ",fail?" : ""}`;
      const slots = isPrimary ? formatRanges([plan.shards[node.shard]?.slots ?? { first: 0, last: 0 }]) : "";
      const follows = isPrimary ? "-" : primaryOf(node.shard);
      return `${node.id} ${node.address}:6379@16379 ${flags} ${follows} 0 0 ${node.shard + 1} connected ${slots}`.trim();
    });
    const members = parseClusterNodes(lines.join("\n"));
    const state = by.index === 2 ? "fail" : "ok";
    return { kind: "answered", node: by.name, state, currentEpoch: 2, members, inSync: by.index !== 2 };
  });
  const view = mergeViews(views, new Map(plan.nodes.map(({ id, name }) => [id, name])));
  const [, , replica] = plan.nodes;
  if (replica === undefined) throw new Error("no replica");
  const whyNot = (failed: readonly string[]): string | undefined =>
    findRejoinProblem({ plan: replica }, view, true, failed);
  expect(whyNot([])).toBe("node-2 is a replica and not in sync");
  expect(whyNot(["node-1"])).toBe("node-2 is a replica and not in sync");
  expect(whyNot(["node-0"])).toBeUndefined();
});

test("a restarted node is back although it refuses commands if slots of a dead primary keep the cluster down", () => {
  expect(why(viewWith("fail", { flag: ",fail" }))).toBeUndefined();
});
