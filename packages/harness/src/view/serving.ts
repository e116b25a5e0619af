import type { SlotRange } from "../plan/cluster-plan.ts";
import { SLOT_COUNT } from "../plan/slots.ts";
import type { NodeView } from "./cluster-view.ts";
import type { NodeEntry } from "./parse-nodes.ts";
import { formatRanges, missingSlots, normalizeRanges } from "./slot-ranges.ts";

/** A node that says of itself that it serves slots, and those of them to which nobody has a newer claim. */
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

/** Slots that a node has, in its own words or in another's, and the config epoch at which it has them. */
interface Claim {
  readonly id: string;
  /** Whether the node says so itself. */
  readonly self: boolean;
  readonly epoch: number;
  readonly slots: readonly SlotRange[];
}

/** Every claim once: first those that nodes make themselves, then what they tell of others. */
function claimsIn(views: readonly NodeView[]): readonly Claim[] {
  const claims = new Map<string, Claim>();
  const answered = views.flatMap((view) => (view.kind === "silent" ? [] : view.members));
  for (const self of [true, false]) {
    for (const { self: own, role, id, configEpoch: epoch, slots } of answered) {
      if (own !== self || role !== "primary" || slots.length === 0) continue;
      const key = `${id} ${epoch} ${formatRanges(slots)}`;
      if (!claims.has(key)) claims.set(key, { id, self, epoch, slots });
    }
  }
  return [...claims.values()];
}

/**
 * Who serves what now: the nodes that say so, less the slots to which another has a newer claim. Redis lets the greater
 * config epoch win, and so does this. Outdated are the claim of a primary that was cut off and replaced meanwhile, and
 * that of a replica which counted the votes of an earlier election again; for the latter it is enough that any node
 * tells of the newer claim, be its owner dead.
 */
export function servingNodes(views: readonly NodeView[]): readonly ServingNode[] {
  const served = new Map<string, SlotRange[]>();
  const open = new Set<Claim>();
  const edges = edgesOf(claimsIn(views));
  for (const [index, { slot, claim, opens }] of edges.entries()) {
    if (opens) open.add(claim);
    else open.delete(claim);
    const next = edges[index + 1]?.slot ?? slot;
    if (next === slot || open.size === 0) continue;
    const { id } = newest(open);
    // Others may tell of an epoch that its owner had not yet when it was asked: it is the owner's word that counts.
    if (![...open].some((each) => each.self && each.id === id)) continue;
    const ranges = served.get(id) ?? [];
    ranges.push({ first: slot, last: next - 1 });
    served.set(id, ranges);
  }
  return selves(views).flatMap(({ node, entry }) => {
    const slots = served.get(entry.id);
    return slots === undefined ? [] : [{ node, slots: normalizeRanges(slots) }];
  });
}

/** A slot from which on a claim holds, or no longer holds. */
interface Edge {
  readonly slot: number;
  readonly claim: Claim;
  readonly opens: boolean;
}

/** All edges by their slots; what ends comes before what begins. Slot by slot would be milliseconds at each look. */
function edgesOf(claims: readonly Claim[]): readonly Edge[] {
  return claims
    .flatMap((claim) =>
      claim.slots.flatMap(({ first, last }): readonly Edge[] => [
        { slot: first, claim, opens: true },
        { slot: last + 1, claim, opens: false },
      ]),
    )
    .toSorted((a, b) => a.slot - b.slot || Number(a.opens) - Number(b.opens));
}

/** Of equally new claims one that a node makes itself, else the first. */
function newest(claims: Iterable<Claim>): Claim {
  return [...claims].reduce((best, each) =>
    each.epoch > best.epoch || (each.epoch === best.epoch && each.self && !best.self) ? each : best,
  );
}

/** What nobody who answers serves. */
export function unservedSlots(views: readonly NodeView[]): readonly SlotRange[] {
  return missingFrom(servingNodes(views));
}

function missingFrom(serving: readonly ServingNode[]): readonly SlotRange[] {
  return missingSlots(
    serving.flatMap(({ slots }) => slots),
    SLOT_COUNT,
  );
}

/**
 * Why the keys of a cluster cannot all be read back now, or undefined where they can: every slot has one owner in the
 * eyes of all nodes that answer, and each owner's state is ok. Nodes that are dead do not matter.
 */
export function whyNotReadable(views: readonly NodeView[]): string | undefined {
  const served = servingNodes(views);
  const servedBy = new Map(served.map(({ node, slots }) => [node, formatRanges(slots)]));
  for (const { node, entry } of selves(views)) {
    const claimed = entry.role === "primary" ? formatRanges(normalizeRanges(entry.slots)) : "";
    if (claimed !== (servedBy.get(node) ?? ""))
      return `${node} claims the slots ${claimed}, to which another has a newer claim`;
  }
  const missing = missingFrom(served);
  if (missing.length > 0) return `nobody who answers serves the slots ${formatRanges(missing)}`;
  const down = views.find(
    (each) => each.kind === "answered" && each.state !== "ok" && servedBy.has(each.node),
  );
  return down === undefined ? undefined : `${down.node} says cluster_state:fail`;
}

/** Names of the nodes that say they are replicas: of the given primary, or of anyone. */
export function replicasOfShard(
  views: readonly NodeView[],
  primaryId: string | undefined,
): readonly string[] {
  return selves(views)
    .filter(
      ({ entry }) => entry.role === "replica" && (primaryId === undefined || entry.primaryId === primaryId),
    )
    .map(({ node }) => node);
}
