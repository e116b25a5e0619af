import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "./node-view.ts";
import { servingNodes } from "./slot-owners.ts";
import { formatRanges, holdsSlot } from "./slot-ranges.ts";

/**
 * Describes which node serves which slots, and at which config epoch. Two descriptions are equal only if no slot has moved to
 * another node in between: a node that loses its slots and gets them back has a newer epoch afterwards.
 */
export function describeOwnership(views: readonly NodeView[]): string {
  const epochs = new Map(
    views.flatMap((view) =>
      view.kind === "silent"
        ? []
        : view.members.filter(({ self }) => self).map(({ configEpoch }) => [view.node, configEpoch] as const),
    ),
  );
  return servingNodes(views)
    .map(({ node, slots }) => `${node} ${formatRanges(slots)} epoch ${epochs.get(node) ?? "?"}`)
    .join("; ");
}

/** Returns a function that returns the index in the plan of the node that serves a slot, or undefined if no node does. */
export function servingNodeBySlot(
  views: readonly NodeView[],
  plan: ClusterPlan,
): (slot: number) => number | undefined {
  const indexes = new Map(plan.nodes.map(({ name, index }) => [name, index]));
  const serving = servingNodes(views);
  return (slot) => {
    const owner = serving.find(({ slots }) => holdsSlot(slots, slot));
    return owner === undefined ? undefined : indexes.get(owner.node);
  };
}
