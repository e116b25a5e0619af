import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "./node-view.ts";
import { servingNodes } from "./slot-owners.ts";
import { formatRanges, holdsSlot } from "./slot-ranges.ts";

/**
 * Describes which node serves what, and at which config epoch. Two texts are equal only if no slot changed hands between
 * them: a node that loses its slots and gets them back does so at a newer epoch.
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

/** Returns a function that names the node, by its index in the plan, that serves a slot; undefined when none does. */
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
