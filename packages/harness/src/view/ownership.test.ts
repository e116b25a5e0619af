import { expect, test } from "vitest";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "./node-view.ts";
import { describeOwnership, servingNodeBySlot } from "./ownership.ts";
import { parseClusterNodes } from "./parse-cluster-nodes.ts";

const IDS = ["a", "b"].map((letter) => letter.repeat(40));

/**
 * Returns the views of two nodes.
 *
 * @param reports what each node reports about itself: its epoch, and its slots or undefined for a replica.
 */
function viewsOf(...reports: readonly (readonly [number, string | undefined])[]): readonly NodeView[] {
  return reports.map(([epoch, slots], index): NodeView => {
    const role = slots === undefined ? `myself,slave ${IDS[1 - index]}` : "myself,master -";
    const line = `${IDS[index]} 172.28.0.1${index}:6379@16379 ${role} 0 0 ${epoch} connected ${slots ?? ""}`;
    return {
      ...{ kind: "answered", node: `node-${index}`, state: "ok", currentEpoch: 9, inSync: true },
      members: parseClusterNodes(line.trim()),
    };
  });
}

test("the description changes if a slot moves, even if it moves back", () => {
  const before = describeOwnership(viewsOf([1, "0-16383"], [1, undefined]));
  expect(before).toBe("node-0 0-16383 epoch 1");
  expect(describeOwnership(viewsOf([1, "0-16383"], [1, undefined]))).toBe(before);
  expect(describeOwnership(viewsOf([2, undefined], [2, "0-16383"]))).not.toBe(before);
  expect(describeOwnership(viewsOf([3, "0-16383"], [3, undefined]))).not.toBe(before);
});

test("the claim with the newer epoch wins if two nodes claim a slot", () => {
  const plan = {
    nodes: [
      { name: "node-0", index: 0 },
      { name: "node-1", index: 1 },
    ],
  } as unknown as ClusterPlan;
  const owner = servingNodeBySlot(viewsOf([1, "0-16383"], [7, "0-5460"]), plan);
  expect([owner(0), owner(5460), owner(5461)]).toEqual([1, 1, 0]);
  expect(servingNodeBySlot([], plan)(0)).toBeUndefined();
});
