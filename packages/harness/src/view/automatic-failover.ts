import { SLOT_COUNT } from "../plan/slots.ts";
import type { NodeView } from "./node-view.ts";

/**
 * The minimum number of primaries that can replace a failed primary without `takeover`. To declare a primary failed and to elect
 * a replica, a majority of all primaries with slots is needed (`size / 2 + 1` in `markNodeAsFailingIfNeeded` and
 * `clusterHandleSlaveFailover`, cluster_legacy.c). The failed primary is counted, but cannot vote.
 */
const MIN_PRIMARIES = 3;

/** The number of primaries, and the number of votes that a replica needs to be promoted. */
export interface Electorate {
  readonly primaries: number;
  readonly votesNeeded: number;
}

/** Returns the electorate if it is too small to replace a failed primary; undefined if it is large enough. */
export function findTooSmallElectorate(primaries: number): Electorate | undefined {
  return primaries >= MIN_PRIMARIES ? undefined : { primaries, votesNeeded: Math.floor(primaries / 2) + 1 };
}

/**
 * Returns the ids of the primaries that own slots: for each slot, the primary with the newest claim in the view of any node. A
 * primary that does not answer keeps its slots until another node has a newer claim. If the result has more than three primaries,
 * some of them may have outdated claims only.
 */
export function primariesWithSlots(views: readonly NodeView[]): ReadonlySet<string> {
  const claimants = new Set(
    views.flatMap((view) =>
      view.kind === "silent"
        ? []
        : view.members.flatMap(({ id, role, slots }) => (role === "primary" && slots.length > 0 ? [id] : [])),
    ),
  );
  // In a larger cluster the exact owners make no difference, and to compare all slots takes milliseconds.
  if (claimants.size > MIN_PRIMARIES) return claimants;
  const owners = Array.from({ length: SLOT_COUNT }, () => "");
  const epochs = new Float64Array(SLOT_COUNT).fill(-1);
  for (const view of views) {
    if (view.kind === "silent") continue;
    for (const { id, role, configEpoch, slots } of view.members) {
      if (role !== "primary") continue;
      for (const { first, last } of slots) {
        for (let slot = first; slot <= last; slot += 1) {
          if (configEpoch <= (epochs[slot] ?? 0)) continue;
          epochs[slot] = configEpoch;
          owners[slot] = id;
        }
      }
    }
  }
  const found = new Set(owners);
  found.delete("");
  return found;
}

/** Returns whether a node reports that the cluster has failed, or another node flags it as failed or suspects it (`fail?`). */
export function isReportedAsFailed(
  views: readonly NodeView[],
  { name, id: wanted }: { readonly name: string; readonly id: string },
): boolean {
  return views.some((view) => {
    if (view.kind === "silent") return false;
    if (view.node === name) return view.state !== "ok";
    return view.members.some(
      ({ id, flags }) => id === wanted && (flags.includes("fail?") || flags.includes("fail")),
    );
  });
}

/**
 * Explains why failed primaries cannot be replaced, and what to do about it.
 *
 * @param failed the names of the failed primaries.
 */
export function explainNoFailover(failed: readonly string[], electorate: Electorate): string {
  const { primaries, votesNeeded } = electorate;
  const names = failed.join(", ");
  return (
    `${names} failed or ${failed.length === 1 ? "is" : "are"} cut off, and no replica can be promoted without mode "takeover". ` +
    `A promotion needs the votes of ${votesNeeded} of ${primaries} ${primaries === 1 ? "primary" : "primaries"}. ` +
    "A failed primary is counted, but cannot vote. " +
    `Use failover(replica, { mode: "takeover" }), heal or restart ${names}, or start the cluster with three or more primaries.`
  );
}
