import type { SlotRange } from "../plan/cluster-plan.ts";
import { SLOT_COUNT } from "../plan/slots.ts";
import type { ClusterView, NodeView } from "./cluster-view.ts";
import type { NodeEntry } from "./parse-nodes.ts";
import { formatRanges, missingSlots, normalizeRanges } from "./slot-ranges.ts";

/** A node that says of itself that it serves slots, and those of them that nobody claims at a newer epoch. */
export interface ServingNode {
  readonly node: string;
  readonly slots: readonly SlotRange[];
}

interface Self {
  readonly node: string;
  readonly entry: NodeEntry;
}

/** What each node that answered says of itself. */
function selves(views: readonly NodeView[]): readonly Self[] {
  return views.flatMap((each) => {
    if (each.kind === "silent") return [];
    const entry = each.members.find(({ self }) => self);
    return entry === undefined ? [] : [{ node: each.node, entry }];
  });
}

/**
 * Who serves what now. A primary that was cut off may still claim slots which its promoted replica claims as well;
 * Redis lets the greater config epoch win, and so does this.
 */
export function servingNodes(view: ClusterView): readonly ServingNode[] {
  const owners: (Self | undefined)[] = Array.from({ length: SLOT_COUNT });
  for (const self of selves(view.views)) {
    if (self.entry.role !== "primary") continue;
    for (const { first, last } of self.entry.slots) {
      for (let slot = first; slot <= last; slot += 1) {
        const owner = owners[slot];
        if (owner === undefined || owner.entry.configEpoch < self.entry.configEpoch) owners[slot] = self;
      }
    }
  }
  const slots = Map.groupBy(owners.keys(), (slot) => owners[slot]?.node);
  return [...slots].flatMap(([node, own]) =>
    node === undefined
      ? []
      : [{ node, slots: normalizeRanges(own.map((slot) => ({ first: slot, last: slot }))) }],
  );
}

/**
 * What nobody serves: the slots that no primary which answers says it serves. What others say of one that is silent does
 * not count. They take a dead primary for the owner of its slots until another node has them.
 */
export function unservedSlots(views: readonly NodeView[]): readonly SlotRange[] {
  const primaries = selves(views).filter(({ entry }) => entry.role === "primary");
  return missingSlots(
    primaries.flatMap(({ entry }) => entry.slots),
    SLOT_COUNT,
  );
}

/**
 * Why the keys of a cluster cannot all be read back now, or undefined where they can: every slot has one owner in the
 * eyes of all nodes that answer, and each owner's state is ok. Nodes that are dead do not matter.
 */
export function whyNotReadable(view: ClusterView): string | undefined {
  const served = servingNodes(view);
  const missing = unservedSlots(view.views);
  if (missing.length > 0) return `nobody who answers serves the slots ${formatRanges(missing)}`;
  const ownerOf = new Map(served.map(({ node, slots }) => [node, formatRanges(slots)]));
  for (const { node, entry } of selves(view.views)) {
    const claimed = entry.role === "primary" ? formatRanges(normalizeRanges(entry.slots)) : "";
    if (claimed !== (ownerOf.get(node) ?? ""))
      return `${node} still claims the slots ${claimed}, which another serves`;
  }
  const down = view.views.find(
    (each) => each.kind === "answered" && each.state !== "ok" && ownerOf.has(each.node),
  );
  return down === undefined ? undefined : `${down.node} says cluster_state:fail`;
}

/** Names of the nodes that say they are replicas: of the given primary, or of anyone. */
export function replicasOfShard(view: ClusterView, primaryId: string | undefined): readonly string[] {
  return selves(view.views)
    .filter(
      ({ entry }) => entry.role === "replica" && (primaryId === undefined || entry.primaryId === primaryId),
    )
    .map(({ node }) => node);
}
