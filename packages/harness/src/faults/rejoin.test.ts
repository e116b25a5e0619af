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

/**
 * Returns the view of four primaries. node-3 does not answer, unless `all` is true, and has the given flag. node-0 has the given
 * state.
 */
function viewWith(
  state: string,
  options: { readonly flag?: string; readonly all?: boolean } = {},
): ClusterView {
  const { flag = "", all = false } = options;
  const views = NODES.map((observer): NodeView => {
    if (observer.index === 3 && !all) return { kind: "silent", node: observer.name, reason: "refused" };
    const lines = NODES.map(({ id, index, address }) => {
      const slots = PLAN.shards[index]?.slots;
      const flags = `${index === observer.index ? "myself," : ""}master${index === 3 ? flag : ""}`;
      return `${id} ${address}:6379@16379 ${flags} - 0 0 ${index + 1} connected ${formatRanges(slots === undefined ? [] : [slots])}`;
    });
    return {
      kind: "answered",
      node: observer.name,
      state: observer === RESTARTED ? state : "ok",
      currentEpoch: 4,
      members: parseClusterNodes(lines.join("\n")),
      inSync: true,
    };
  });
  return mergeViews(views, new Map(NODES.map(({ id, name }) => [id, name])));
}

function findProblem(view: ClusterView, requireFullCoverage = true): string | undefined {
  if (RESTARTED === undefined) throw new Error("no node");
  return findRejoinProblem({ plan: RESTARTED }, view, requireFullCoverage);
}

test("finds no problem if the cluster is healthy apart from silent nodes", () => {
  expect(findProblem(viewWith("ok", { all: true }))).toBeUndefined();
  expect(findProblem(viewWith("ok"))).toBeUndefined();
});

test("reports a node that refuses commands, also if another node is silent", () => {
  expect(findProblem(viewWith("fail", { all: true }))).toBe("node-0 reports cluster_state:fail");
  expect(findProblem(viewWith("fail"))).toBe("node-0 reports cluster_state:fail");
  expect(findProblem(viewWith("fail", { flag: ",fail" }), false)).toBe("node-0 reports cluster_state:fail");
});

test("ignores the sync of a replica if its primary has failed for good", () => {
  const plan = planCluster(validateOptions({ replicas: [1, 1] }, {}), parseSubnet("10.1.0.0/24"), (length) =>
    String((next += 1)).padStart(length, "0"),
  );
  const primaryOf = (shard: number): string => plan.nodes[plan.shards[shard]?.primary ?? -1]?.id ?? "";
  // node-0 is dead, and its replica node-2 has been restarted.
  const views = plan.nodes.map((observer): NodeView => {
    if (observer.index === 0) return { kind: "silent", node: observer.name, reason: "refused" };
    const lines = plan.nodes.map((node) => {
      const isPrimary = node.role === "primary";
      const flags = `${node === observer ? "myself," : ""}${isPrimary ? "master" : "slave"}${node.index === 0 ? ",fail?" : ""}`;
      const slots = isPrimary ? formatRanges([plan.shards[node.shard]?.slots ?? { first: 0, last: 0 }]) : "";
      const follows = isPrimary ? "-" : primaryOf(node.shard);
      return `${node.id} ${node.address}:6379@16379 ${flags} ${follows} 0 0 ${node.shard + 1} connected ${slots}`.trim();
    });
    const members = parseClusterNodes(lines.join("\n"));
    const state = observer.index === 2 ? "fail" : "ok";
    return {
      kind: "answered",
      node: observer.name,
      state,
      currentEpoch: 2,
      members,
      inSync: observer.index !== 2,
    };
  });
  const view = mergeViews(views, new Map(plan.nodes.map(({ id, name }) => [id, name])));
  const [, , replica] = plan.nodes;
  if (replica === undefined) throw new Error("no replica");
  const findReplicaProblem = (failed: readonly string[]): string | undefined =>
    findRejoinProblem({ plan: replica }, view, true, failed);
  expect(findReplicaProblem([])).toBe("node-2 is a replica and not in sync");
  expect(findReplicaProblem(["node-1"])).toBe("node-2 is a replica and not in sync");
  expect(findReplicaProblem(["node-0"])).toBeUndefined();
});

test("ignores refused commands if slots of a dead primary have no owner", () => {
  expect(findProblem(viewWith("fail", { flag: ",fail" }))).toBeUndefined();
});
