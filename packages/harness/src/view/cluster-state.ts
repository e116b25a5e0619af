import { SLOT_COUNT } from "../plan/slots.ts";
import type { AnsweredView, NodeView } from "./node-view.ts";
import { formatRanges, missingSlots } from "./slot-ranges.ts";

/** Returns how many primaries with slots a node can reach in its own view, and how many it needs to stay up. */
export function countReachablePrimaries(view: NodeView): {
  readonly reached: number;
  readonly needed: number;
} {
  if (view.kind === "silent") return { reached: 0, needed: 1 };
  const primaries = view.members.filter(({ role, slots }) => role === "primary" && slots.length > 0);
  const reached = primaries.filter(({ flags }) => !flags.includes("fail") && !flags.includes("fail?"));
  // `clusterUpdateState` in cluster_legacy.c: with fewer than this many, the node's state is fail.
  return { reached: reached.length, needed: Math.floor(primaries.length / 2) + 1 };
}

/** Returns whether a node answers us and has lost the majority of the primaries: it cannot hear what the others agree on. */
export function isCutOff(view: NodeView): boolean {
  const { reached, needed } = countReachablePrimaries(view);
  return reached < needed;
}

/**
 * Returns what in a node's own view makes its `cluster_state` `fail`, by the rules of `clusterUpdateState` in
 * cluster_legacy.c, or undefined if nothing does. A server whose view is fine again may still report `fail` for a while:
 * a primary waits until its process is 2 s old (CLUSTER_WRITABLE_DELAY), and after having been in a minority for one
 * node timeout, at least 500 ms and at most 5 s (CLUSTER_MIN_REJOIN_DELAY, CLUSTER_MAX_REJOIN_DELAY).
 *
 * @param requireFullCoverage whether `cluster-require-full-coverage` is set, so that slots without an owner matter.
 */
export function findDownReason(view: AnsweredView, requireFullCoverage: boolean): string | undefined {
  const { reached, needed } = countReachablePrimaries(view);
  if (reached < needed) return `it reaches ${reached} primaries, and a majority is ${needed}`;
  if (!requireFullCoverage) return undefined;
  const alive = view.members.filter(({ role, flags }) => role === "primary" && !flags.includes("fail"));
  const missing = missingSlots(
    alive.flatMap(({ slots }) => slots),
    SLOT_COUNT,
  );
  return missing.length === 0 ? undefined : `no live primary owns the slots ${formatRanges(missing)}`;
}
