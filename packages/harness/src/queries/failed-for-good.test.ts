import { expect, test } from "vitest";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import type { ClusterShape } from "../plan/options.generated.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import type { NodeView } from "../view/node-view.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { type FailedForGood, findFailedForGood } from "./failed-for-good.ts";

function planned(shape: ClusterShape): ClusterPlan {
  let next = 0;
  const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
  return planCluster(validateOptions(shape, {}), parseSubnet("10.1.0.0/24"), hex);
}

/**
 * Returns the view of each node. Stopped nodes are silent, and the other nodes report the plan.
 *
 * @param flags flags to add, separated by spaces, by node name.
 */
function viewsOf(
  plan: ClusterPlan,
  stopped: readonly string[],
  flags: Record<string, string> = {},
): NodeView[] {
  const line =
    (self: NodePlan) =>
    (node: NodePlan): string => {
      const { slots, primary } = plan.shards[node.shard] as ClusterPlan["shards"][number];
      const role = node.role === "primary" ? "master" : "slave";
      const all = [...(node === self ? ["myself"] : []), role, ...(flags[node.name] ?? "").split(" ")];
      const tail = node.role === "primary" ? ` ${slots.first}-${slots.last}` : "";
      const follows = node.role === "primary" ? "-" : (plan.nodes[primary]?.id ?? "");
      return `${node.id} ${node.address}:6379@16379 ${all.filter(Boolean).join(",")} ${follows} 0 0 1 connected${tail}`;
    };
  return plan.nodes.map((node) =>
    stopped.includes(node.name)
      ? { kind: "silent", node: node.name, reason: "refused" }
      : {
          kind: "answered",
          node: node.name,
          state: "ok",
          currentEpoch: 9,
          members: parseClusterNodes(plan.nodes.map(line(node)).join("\n")),
          inSync: true,
        },
  );
}

async function find(
  shape: ClusterShape,
  stopped: readonly string[],
  options: { cutOff?: readonly string[]; flags?: Record<string, string>; down?: boolean } = {},
): Promise<FailedForGood | undefined> {
  const plan = planned(shape);
  const { cutOff = [], flags = {}, down = true } = options;
  return await findFailedForGood(plan, viewsOf(plan, stopped, flags), cutOff, () => Promise.resolve(down));
}

const ONE_SHARD = { nodes: 3, replicas: 2 };
const TWO_SHARDS = { nodes: 4, replicas: 1 };

test("finds a stopped primary only in a cluster with one or two primaries", async () => {
  expect(await find(ONE_SHARD, ["node-0"])).toEqual({
    failed: ["node-0"],
    electorate: { primaries: 1, votesNeeded: 1 },
  });
  expect(await find(TWO_SHARDS, ["node-1"])).toMatchObject({ failed: ["node-1"] });
  expect(await find({}, ["node-0", "node-1"])).toBeUndefined();
});

test("ignores stopped replicas, and a silent primary whose container runs", async () => {
  expect(await find(ONE_SHARD, ["node-1", "node-2"])).toBeUndefined();
  expect(await find(ONE_SHARD, ["node-0"], { down: false })).toBeUndefined();
});

test("uses the roles of the plan if no node answers", async () => {
  expect(await find(ONE_SHARD, ["node-0", "node-1", "node-2"])).toMatchObject({ failed: ["node-0"] });
  const all = ["node-0", "node-1", "node-2", "node-3", "node-4", "node-5"];
  expect(await find({}, all)).toBeUndefined();
});

test("finds a primary that is cut off as soon as another node suspects it", async () => {
  const cutOff = ["node-0"];
  expect(await find(ONE_SHARD, [], { cutOff })).toBeUndefined();
  expect(await find(ONE_SHARD, [], { cutOff, flags: { "node-0": "fail?" } })).toMatchObject({
    failed: ["node-0"],
  });
  expect(await find(ONE_SHARD, [], { flags: { "node-0": "fail?" } })).toBeUndefined();
});
