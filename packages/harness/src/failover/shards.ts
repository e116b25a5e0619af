import type { ClusterPlan, SlotRange } from "../plan/cluster-plan.ts";
import { memberSlots, mergeViews } from "../view/cluster-view.ts";
import type { NodeView } from "../view/node-view.ts";
import type { NodeEntry } from "../view/parse-cluster-nodes.ts";
import { isCutOff } from "../view/cluster-state.ts";
import { slotOwners } from "../view/slot-owners.ts";
import { holdsSlot } from "../view/slot-ranges.ts";

/** What each node said last, by node name. */
export type Views = ReadonlyMap<string, NodeView>;

/** A shard as it was before the fault. */
export interface ShardBefore {
  readonly primary: { readonly name: string; readonly id: string };
  /** Names of the nodes that followed it, in most nodes' words. */
  readonly replicas: readonly string[];
  readonly slots: readonly SlotRange[];
  readonly epoch: number;
  /** Index of the shard that the primary was planned into. */
  readonly index: number;
}

/** A node that claims a shard's slots at an epoch that nobody had before. */
export interface Claimant {
  readonly name: string;
  readonly id: string;
  readonly epoch: number;
  readonly slots: readonly SlotRange[];
}

/** A node that became the primary of a shard while it was observed. Moments are milliseconds since the epoch. */
export interface Promotion extends Claimant {
  /** The primary that it replaced: the one from before the fault, or the one that was promoted before. */
  readonly replaced: { readonly name: string; readonly id: string };
  /** When a view that still showed it as a replica was asked for: it was promoted later than that. */
  readonly notBefore: number;
  /** When a view showed the promotion. */
  readonly seenAt: number;
  /** By how much a log line's moment may be wrong, next to these two. */
  readonly slackMs: number;
}

/** The shards in the words of most nodes, so that one whose primary is away already has a primary too. */
export function shardsOf(views: Views, plan: ClusterPlan): readonly ShardBefore[] {
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
    .toSorted((a, b) => (a.slots[0]?.first ?? 0) - (b.slots[0]?.first ?? 0));
}

export function firstSlot({ slots }: { readonly slots: readonly SlotRange[] }): number {
  return slots[0]?.first ?? 0;
}

function entryOf(view: NodeView | undefined, pick: (entry: NodeEntry) => boolean): NodeEntry | undefined {
  return view?.kind === "answered" ? view.members.find(pick) : undefined;
}

/** What a node says of itself, or undefined where it is silent. */
export function selfOf(view: NodeView | undefined): NodeEntry | undefined {
  return entryOf(view, ({ self }) => self);
}

/** What a node says of another. */
function wordOf(view: NodeView | undefined, id: string): NodeEntry | undefined {
  return entryOf(view, (entry) => entry.id === id);
}

/**
 * Returns the node that owns each shard's first slot now. A primary of another shard that took the slots over by a
 * migration is left out, since it was not promoted.
 */
export function claimantsOf(
  shards: readonly ShardBefore[],
  views: Views,
): ReadonlyMap<ShardBefore, Claimant> {
  const owners = slotOwners([...views.values()]);
  const found = new Map<ShardBefore, Claimant>();
  for (const shard of shards) {
    const owner = owners.find(({ slots }) => holdsSlot(slots, firstSlot(shard)));
    const self = owner === undefined ? undefined : selfOf(views.get(owner.node));
    if (owner === undefined || self === undefined) continue;
    if (shards.some((other) => other !== shard && other.primary.name === owner.node)) continue;
    found.set(shard, { name: owner.node, id: self.id, epoch: self.configEpoch, slots: owner.slots });
  }
  return found;
}

/** Those who flag a node with one of the flags. */
export function flaggedBy(views: Views, id: string, ...flags: readonly string[]): readonly string[] {
  return [...views].flatMap(([name, view]) =>
    wordOf(view, id)?.flags.some((flag) => flags.includes(flag)) === true ? [name] : [],
  );
}

/** Whether something is wrong with the shard's old primary: it is silent, declared dead, or a primary no more. */
export function isTroubled(shard: ShardBefore, views: Views): boolean {
  const self = selfOf(views.get(shard.primary.name));
  return self?.role !== "primary" || flaggedBy(views, shard.primary.id, "fail").length > 0;
}

/** Names of those who should say that the promoted node serves the shard, and say something else. */
export function dissentersOf(promotion: Promotion, views: Views): readonly string[] {
  return [...views].flatMap(([name, view]) => {
    if (view.kind === "silent" || isCutOff(view)) return [];
    const word = wordOf(view, promotion.id);
    const agrees =
      word?.role === "primary" &&
      word.configEpoch >= promotion.epoch &&
      promotion.slots.every(({ first, last }) => holdsSlot(word.slots, first) && holdsSlot(word.slots, last));
    return agrees ? [] : [name];
  });
}

/**
 * The node whose return is waited for: the old primary. If that is the primary again, the node that it took the shard
 * back from.
 */
export function deposedOf(
  { primary }: ShardBefore,
  { id, replaced }: Promotion,
): { name: string; id: string } {
  return primary.id === id ? replaced : primary;
}

/** Whether the old primary is back: a replica of the promoted node, in sync, and no node suspects it. */
export function isBack(shard: ShardBefore, promotion: Promotion, views: Views): boolean {
  const deposed = deposedOf(shard, promotion);
  const view = views.get(deposed.name);
  const self = selfOf(view);
  return (
    view?.kind === "answered" &&
    self?.role === "replica" &&
    self.primaryId === promotion.id &&
    view.inSync &&
    flaggedBy(views, deposed.id, "fail", "fail?").length === 0
  );
}
