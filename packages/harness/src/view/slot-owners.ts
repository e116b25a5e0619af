import type { SlotRange } from "../plan/cluster-plan.ts";
import { SLOT_COUNT } from "../plan/slots.ts";
import { findDownReason } from "./cluster-state.ts";
import type { NodeView } from "./node-view.ts";
import type { NodeEntry } from "./parse-cluster-nodes.ts";
import { formatRanges, holdsSlot, missingSlots, normalizeRanges } from "./slot-ranges.ts";

/** A node that claims slots in its own view, and the claimed slots to which no other node has a newer claim. */
export interface SlotOwner {
  readonly node: string;
  readonly slots: readonly SlotRange[];
}

/** The entry of a node in its own view. */
interface SelfReport {
  readonly node: string;
  readonly entry: NodeEntry;
}

/** Returns what each node that answered reports about itself. */
function selfReports(views: readonly NodeView[]): readonly SelfReport[] {
  return views.flatMap((view) => {
    if (view.kind === "silent") return [];
    const entry = view.members.find(({ self }) => self);
    return entry === undefined ? [] : [{ node: view.node, entry }];
  });
}

/** The slots of a primary at a config epoch, as the primary itself or another node reports them. */
interface Claim {
  readonly id: string;
  /** Whether the primary itself reports the claim. */
  readonly self: boolean;
  readonly epoch: number;
  readonly slots: readonly SlotRange[];
}

/** Returns every distinct claim once. If a primary reports its claim itself, reports of other nodes are left out. */
function findClaims(views: readonly NodeView[]): readonly Claim[] {
  const claims = new Map<string, Claim>();
  const entries = views.flatMap((view) => (view.kind === "silent" ? [] : view.members));
  for (const self of [true, false]) {
    for (const { self: isSelf, role, id, configEpoch: epoch, slots } of entries) {
      if (isSelf !== self || role !== "primary" || slots.length === 0) continue;
      const key = `${id} ${epoch} ${formatRanges(slots)}`;
      if (!claims.has(key)) claims.set(key, { id, self, epoch, slots });
    }
  }
  return [...claims.values()];
}

/**
 * Returns the nodes that own slots. A node owns the slots that it claims in its own view, except the slots to which another
 * node has a newer claim. As in Redis, the claim with the greater config epoch wins. Two kinds of claims are outdated: the
 * claim of a primary that was cut off and has been replaced, and the claim of a replica that counted the votes of an earlier
 * election a second time. In the second case it is enough that any node reports the newer claim, even if the node that made
 * the newer claim does not answer.
 *
 * The result answers questions about the topology, such as which node to kill. An owner may reject commands at the moment:
 * see {@link servingNodes}.
 */
export function slotOwners(views: readonly NodeView[]): readonly SlotOwner[] {
  const ownedById = new Map<string, SlotRange[]>();
  const open = new Set<Claim>();
  const boundaries = findBoundaries(findClaims(views));
  for (const [index, { slot, claim, opens }] of boundaries.entries()) {
    if (opens) open.add(claim);
    else open.delete(claim);
    const next = boundaries[index + 1]?.slot ?? slot;
    if (next === slot || open.size === 0) continue;
    const { id } = findNewest(open);
    // Another node may report an epoch that the owner received only after it had answered. The owner's own claim counts.
    if (![...open].some((claimed) => claimed.self && claimed.id === id)) continue;
    const ranges = ownedById.get(id) ?? [];
    ranges.push({ first: slot, last: next - 1 });
    ownedById.set(id, ranges);
  }
  return selfReports(views).flatMap(({ node, entry }) => {
    const slots = ownedById.get(entry.id);
    return slots === undefined ? [] : [{ node, slots: normalizeRanges(slots) }];
  });
}

/** The first slot of a claim, or the first slot after a claim. */
interface Boundary {
  readonly slot: number;
  readonly claim: Claim;
  readonly opens: boolean;
}

/**
 * Returns the boundaries of all claims, sorted by slot. At the same slot, ends come before starts. A comparison of every single
 * slot would take milliseconds for each view.
 */
function findBoundaries(claims: readonly Claim[]): readonly Boundary[] {
  return claims
    .flatMap((claim) =>
      claim.slots.flatMap(({ first, last }): readonly Boundary[] => [
        { slot: first, claim, opens: true },
        { slot: last + 1, claim, opens: false },
      ]),
    )
    .toSorted((a, b) => a.slot - b.slot || Number(a.opens) - Number(b.opens));
}

/** Returns the claim with the greatest epoch. Among equal epochs, a claim that a node reports about itself comes first. */
function findNewest(claims: Iterable<Claim>): Claim {
  return [...claims].reduce((best, claim) =>
    claim.epoch > best.epoch || (claim.epoch === best.epoch && claim.self && !best.self) ? claim : best,
  );
}

/**
 * Returns the nodes that execute commands for slots: the owners whose own `cluster_state` is `ok`. In any other state a server
 * replies CLUSTERDOWN to commands with keys (`getNodeByQuery` in cluster.c), whatever slots it claims. With
 * `cluster-allow-reads-when-down` it still executes reads. A server that is loading its data returns no view.
 */
export function servingNodes(views: readonly NodeView[]): readonly SlotOwner[] {
  const ok = new Set(views.flatMap((view) => (isOk(view) ? [view.node] : [])));
  return slotOwners(views).filter(({ node }) => ok.has(node));
}

/** Returns the names of the nodes that own slots and reject commands for them. */
export function rejectingOwners(views: readonly NodeView[]): readonly string[] {
  const serving = new Set(servingNodes(views).map(({ node }) => node));
  return slotOwners(views).flatMap(({ node }) => (serving.has(node) ? [] : [node]));
}

function isOk(view: NodeView): boolean {
  return view.kind === "answered" && view.state === "ok";
}

/** The name of the node that executes commands for a slot, or the reason why no node does. */
export type ServingResult =
  | { readonly node: string; readonly reason?: never }
  | { readonly node?: never; readonly reason: string };

/** Finds the node that executes commands for a slot. */
export function findServingNode(views: readonly NodeView[], slot: number): ServingResult {
  const owner = slotOwners(views).find(({ slots }) => holdsSlot(slots, slot));
  if (owner === undefined) return { reason: `no node that answers owns slot ${slot}` };
  const view = views.find(({ node }) => node === owner.node);
  if (view !== undefined && isOk(view)) return { node: owner.node };
  return { reason: `${owner.node} owns slot ${slot} and rejects commands: ${describeRejection(view)}` };
}

function describeRejection(view: NodeView | undefined): string {
  if (view?.kind !== "answered") return "it returned no view";
  const cause = findDownReason(view, true);
  return `its cluster_state is ${view.state}${cause === undefined ? "" : `, because ${cause}`}`;
}

/** Returns the slots that are not owned by any node that answers. */
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
 * Returns the reason why not all keys of a cluster can be read back now, or undefined if they can. They can if every slot has
 * exactly one owner in the views of all nodes that answer, and each owner executes commands. Nodes that do not answer are
 * ignored.
 */
export function findReadObstacle(views: readonly NodeView[]): string | undefined {
  const owners = slotOwners(views);
  const ownedByNode = new Map(owners.map(({ node, slots }) => [node, formatRanges(slots)]));
  for (const { node, entry } of selfReports(views)) {
    const claimed = entry.role === "primary" ? formatRanges(normalizeRanges(entry.slots)) : "";
    if (claimed !== (ownedByNode.get(node) ?? ""))
      return `${node} claims the slots ${claimed}, but another node has a newer claim to some of them`;
  }
  const missing = missingFrom(owners);
  if (missing.length > 0) return `no node that answers owns the slots ${formatRanges(missing)}`;
  const [down] = rejectingOwners(views);
  return down === undefined ? undefined : `${down} reports cluster_state:fail`;
}

/**
 * Returns the names of the nodes that report that they are replicas of a primary.
 *
 * @param primaryId the node id of the primary; undefined for the replicas of all primaries.
 */
export function replicasOfShard(
  views: readonly NodeView[],
  primaryId: string | undefined,
): readonly string[] {
  return selfReports(views)
    .filter(
      ({ entry }) => entry.role === "replica" && (primaryId === undefined || entry.primaryId === primaryId),
    )
    .map(({ node }) => node);
}
