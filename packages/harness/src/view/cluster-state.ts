import { SLOT_COUNT } from "../plan/slots.ts";
import type { AnsweredView, NodeView } from "./node-view.ts";
import { formatRanges, missingSlots } from "./slot-ranges.ts";

/** Returns how many primaries with slots a node reaches in its own view, and how many it needs for a `cluster_state` of `ok`. */
export function countReachablePrimaries(view: NodeView): {
  readonly reached: number;
  readonly needed: number;
} {
  if (view.kind === "silent") return { reached: 0, needed: 1 };
  const primaries = view.members.filter(({ role, slots }) => role === "primary" && slots.length > 0);
  const reached = primaries.filter(({ flags }) => !flags.includes("fail") && !flags.includes("fail?"));
  // `clusterUpdateState` in cluster_legacy.c: if fewer primaries are reachable, the state of the node is fail.
  return { reached: reached.length, needed: Math.floor(primaries.length / 2) + 1 };
}

/**
 * Returns whether a node does not reach the majority of the primaries, so that it does not receive what the other nodes agree on.
 * A node that returned no view counts as cut off.
 */
export function isCutOff(view: NodeView): boolean {
  const { reached, needed } = countReachablePrimaries(view);
  return reached < needed;
}

/**
 * Returns what in a node's own view causes its `cluster_state` of `fail`, by the rules of `clusterUpdateState` in
 * cluster_legacy.c, or undefined if nothing does. A server whose view has recovered may still report `fail` for some time: a
 * primary waits until its process is 2 s old (CLUSTER_WRITABLE_DELAY), and after it was in a minority for one node timeout, at
 * least 500 ms and at most 5 s (CLUSTER_MIN_REJOIN_DELAY, CLUSTER_MAX_REJOIN_DELAY).
 *
 * @param requireFullCoverage whether `cluster-require-full-coverage` is set, so that slots without an owner matter.
 */
export function findDownReason(view: AnsweredView, requireFullCoverage: boolean): string | undefined {
  const { reached, needed } = countReachablePrimaries(view);
  if (reached < needed) {
    return `it reaches ${reached} ${reached === 1 ? "primary" : "primaries"}, and a majority is ${needed}`;
  }
  if (!requireFullCoverage) return undefined;
  const alive = view.members.filter(({ role, flags }) => role === "primary" && !flags.includes("fail"));
  const missing = missingSlots(
    alive.flatMap(({ slots }) => slots),
    SLOT_COUNT,
  );
  return missing.length === 0
    ? undefined
    : `the slots ${formatRanges(missing)} have no owner, or their owner failed`;
}
