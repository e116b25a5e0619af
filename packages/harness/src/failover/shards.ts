import type { ClusterPlan, SlotRange } from "../plan/cluster-plan.ts";
import { isCutOff } from "../view/cluster-state.ts";
import { memberSlots, mergeViews } from "../view/cluster-view.ts";
import type { NodeView } from "../view/node-view.ts";
import type { NodeEntry } from "../view/parse-cluster-nodes.ts";
import { slotOwners } from "../view/slot-owners.ts";
import { holdsSlot } from "../view/slot-ranges.ts";

/** The latest view of each node, by node name. */
export type Views = ReadonlyMap<string, NodeView>;

/** A shard as it was before the fault. */
export interface ShardBefore {
  readonly primary: { readonly name: string; readonly id: string };
  /** The names of the nodes that followed the primary in the views of most nodes. */
  readonly replicas: readonly string[];
  readonly slots: readonly SlotRange[];
  readonly epoch: number;
  /** The index of the shard to which the plan assigned the primary. */
  readonly index: number;
}

/** A node that owns the slots of a shard, with its config epoch. */
export interface Claimant {
  readonly name: string;
  readonly id: string;
  readonly epoch: number;
  readonly slots: readonly SlotRange[];
}

/** The promotion of a node to the primary of a shard during the observation. Times are milliseconds since the epoch. */
export interface Promotion extends Claimant {
  /** The primary that was replaced: the primary before the fault, or the node of the previous promotion. */
  readonly replaced: { readonly name: string; readonly id: string };
  /** When the last view that still showed the node as a replica was requested. The promotion happened later. */
  readonly notBefore: number;
  /** When a view showed the promotion. */
  readonly observedAt: number;
  /** Maximum error of a log line's time when it is compared with these two times. */
  readonly toleranceMs: number;
}

/** Returns the shards in the views of most nodes, so that a shard has a primary even if the primary is unreachable. */
export function findShards(views: Views, plan: ClusterPlan): readonly ShardBefore[] {
  const { members } = mergeViews([...views.values()], new Map(plan.nodes.map(({ id, name }) => [id, name])));
  return members
    .filter(({ entry }) => entry.role === "primary" && entry.slots.length > 0)
    .map((member) => ({
      primary: { name: member.name, id: member.id },
      replicas: members.filter(({ entry }) => entry.primaryId === member.id).map(({ name }) => name),
      slots: memberSlots(member),
      epoch: member.entry.configEpoch,
      index: plan.nodes.find(({ id }) => id === member.id)?.shard ?? -1,
    }))
    .toSorted((a, b) => firstSlot(a) - firstSlot(b));
}

export function firstSlot({ slots }: { readonly slots: readonly SlotRange[] }): number {
  return slots[0]?.first ?? 0;
}

function findEntry(
  view: NodeView | undefined,
  isWanted: (entry: NodeEntry) => boolean,
): NodeEntry | undefined {
  return view?.kind === "answered" ? view.members.find(isWanted) : undefined;
}

/** Returns the entry of a node in its own view, or undefined if the node is silent. */
export function selfEntry(view: NodeView | undefined): NodeEntry | undefined {
  return findEntry(view, ({ self }) => self);
}

/** Returns the entry of the node with this id in the view of a node. */
function entryOf(view: NodeView | undefined, id: string): NodeEntry | undefined {
  return findEntry(view, (entry) => entry.id === id);
}

/**
 * Returns the current owner of the first slot of each shard. A primary of another shard is left out: it received the slots by a
 * migration and was not promoted.
 */
export function findClaimants(
  shards: readonly ShardBefore[],
  views: Views,
): ReadonlyMap<ShardBefore, Claimant> {
  const owners = slotOwners([...views.values()]);
  const found = new Map<ShardBefore, Claimant>();
  for (const shard of shards) {
    const owner = owners.find(({ slots }) => holdsSlot(slots, firstSlot(shard)));
    const self = owner === undefined ? undefined : selfEntry(views.get(owner.node));
    if (owner === undefined || self === undefined) continue;
    if (shards.some((other) => other !== shard && other.primary.name === owner.node)) continue;
    found.set(shard, { name: owner.node, id: self.id, epoch: self.configEpoch, slots: owner.slots });
  }
  return found;
}

/** Returns the names of the nodes that flag a node with one of the flags. */
export function nodesFlagging(views: Views, id: string, ...flags: readonly string[]): readonly string[] {
  return [...views].flatMap(([name, view]) =>
    entryOf(view, id)?.flags.some((flag) => flags.includes(flag)) === true ? [name] : [],
  );
}

/** Returns whether the old primary of a shard is silent, was declared failed, or is no longer a primary. */
export function isUnhealthy(shard: ShardBefore, views: Views): boolean {
  const self = selfEntry(views.get(shard.primary.name));
  return self?.role !== "primary" || nodesFlagging(views, shard.primary.id, "fail").length > 0;
}

/** Returns the names of the reachable nodes whose views do not show the promoted node as the owner of the shard. */
export function dissentingNodes(promotion: Promotion, views: Views): readonly string[] {
  return [...views].flatMap(([name, view]) => {
    if (view.kind === "silent" || isCutOff(view)) return [];
    const entry = entryOf(view, promotion.id);
    const agrees =
      entry?.role === "primary" &&
      entry.configEpoch >= promotion.epoch &&
      promotion.slots.every(
        ({ first, last }) => holdsSlot(entry.slots, first) && holdsSlot(entry.slots, last),
      );
    return agrees ? [] : [name];
  });
}

/**
 * Returns the node that must rejoin as a replica: the old primary. If the old primary is the primary again, returns the node that
 * it replaced.
 */
export function replacedPrimary(
  { primary }: ShardBefore,
  { id, replaced }: Promotion,
): { name: string; id: string } {
  return primary.id === id ? replaced : primary;
}

/** Returns whether the replaced primary has rejoined: it is a replica of the promoted node, in sync, and no node suspects it. */
export function hasRejoined(shard: ShardBefore, promotion: Promotion, views: Views): boolean {
  const { name, id } = replacedPrimary(shard, promotion);
  const view = views.get(name);
  const self = selfEntry(view);
  return (
    view?.kind === "answered" &&
    self?.role === "replica" &&
    self.primaryId === promotion.id &&
    view.inSync &&
    nodesFlagging(views, id, "fail", "fail?").length === 0
  );
}
