import type { SlotRange } from "../plan/cluster-plan.ts";
import { SLOT_COUNT } from "../plan/slots.ts";
import { findDownReason } from "./cluster-state.ts";
import type { NodeView } from "./node-view.ts";
import type { NodeEntry } from "./parse-cluster-nodes.ts";
import { formatRanges, holdsSlot, missingSlots, normalizeRanges } from "./slot-ranges.ts";

/** A node that claims slots in its own view, and those of them to which no other node has a newer claim. */
export interface SlotOwner {
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
 * Returns the nodes that own slots: the nodes that claim them, less the slots to which another node has a newer claim.
 * Redis lets the greater config epoch win, and so does this. Outdated are the claim of a primary that was cut off and
 * replaced meanwhile, and that of a replica which counted the votes of an earlier election again; for the latter it is
 * enough that any node reports the newer claim, even if the node that made it is dead.
 *
 * This answers questions about the topology, such as which node to kill. An owner may refuse commands at the moment:
 * see {@link servingNodes}.
 */
export function slotOwners(views: readonly NodeView[]): readonly SlotOwner[] {
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

/**
 * Returns the nodes that execute commands for slots: the owners whose own `cluster_state` is `ok`. With any other state
 * a server answers commands with keys with CLUSTERDOWN (`getNodeByQuery` in cluster.c), whatever it claims; reads are an
 * exception with `cluster-allow-reads-when-down`. A server that loads its data gives no view.
 */
export function servingNodes(views: readonly NodeView[]): readonly SlotOwner[] {
  const ok = new Set(views.flatMap((view) => (isOk(view) ? [view.node] : [])));
  return slotOwners(views).filter(({ node }) => ok.has(node));
}

/** Returns the names of the nodes that own slots and refuse commands for them. */
export function rejectingOwners(views: readonly NodeView[]): readonly string[] {
  const serving = new Set(servingNodes(views).map(({ node }) => node));
  return slotOwners(views).flatMap(({ node }) => (serving.has(node) ? [] : [node]));
}

function isOk(view: NodeView): boolean {
  return view.kind === "answered" && view.state === "ok";
}

/** The node that executes commands for a slot, or why none does. */
export type ServingResult =
  | { readonly node: string; readonly reason?: never }
  | { readonly node?: never; readonly reason: string };

/** Finds the node that executes commands for a slot. */
export function findServingNode(views: readonly NodeView[], slot: number): ServingResult {
  const owner = slotOwners(views).find(({ slots }) => holdsSlot(slots, slot));
  if (owner === undefined) return { reason: `no node that answers owns slot ${slot}` };
  const view = views.find(({ node }) => node === owner.node);
  if (view !== undefined && isOk(view)) return { node: owner.node };
  return { reason: `${owner.node} owns slot ${slot} and refuses commands: ${whyRefusing(view)}` };
}

function whyRefusing(view: NodeView | undefined): string {
  if (view?.kind !== "answered") return "it gave no view";
  const cause = findDownReason(view, true);
  return `its cluster_state is ${view.state}${cause === undefined ? "" : `, because ${cause}`}`;
}

/** Returns the slots that no node that answers owns. */
export function unownedSlots(views: readonly NodeView[]): readonly SlotRange[] {
  return missingFrom(slotOwners(views));
}

function missingFrom(owners: readonly SlotOwner[]): readonly SlotRange[] {
  return missingSlots(
    owners.flatMap(({ slots }) => slots),
    SLOT_COUNT,
  );
}

/**
 * Returns why the keys of a cluster cannot all be read back now, or undefined if they can: every slot has one owner in
 * the views of all nodes that answer, and each owner executes commands. Dead nodes do not matter.
 */
export function findReadObstacle(views: readonly NodeView[]): string | undefined {
  const served = slotOwners(views);
  const servedBy = new Map(served.map(({ node, slots }) => [node, formatRanges(slots)]));
  for (const { node, entry } of selves(views)) {
    const claimed = entry.role === "primary" ? formatRanges(normalizeRanges(entry.slots)) : "";
    if (claimed !== (servedBy.get(node) ?? ""))
      return `${node} claims the slots ${claimed}, to which another has a newer claim`;
  }
  const missing = missingFrom(served);
  if (missing.length > 0) return `nobody who answers serves the slots ${formatRanges(missing)}`;
  const [down] = rejectingOwners(views);
  return down === undefined ? undefined : `${down} says cluster_state:fail`;
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
