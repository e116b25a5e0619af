import { SLOT_COUNT } from "../plan/slots.ts";
import type { NodeView } from "./node-view.ts";

/**
 * With fewer primaries a failed one cannot be replaced without `takeover`: declaring it failed and electing a replica
 * both need a majority of all primaries with slots (`size / 2 + 1` in `markNodeAsFailingIfNeeded` and
 * `clusterHandleSlaveFailover`, cluster_legacy.c). The failed one is counted and cannot vote.
 */
const FEWEST_PRIMARIES = 3;

/** How many primaries there are, and how many of them would have to vote for a replica. */
export interface Electorate {
  readonly primaries: number;
  readonly votesNeeded: number;
}

/** Undefined if such a cluster can replace a failed primary by itself. */
export function findTooSmallElectorate(primaries: number): Electorate | undefined {
  return primaries >= FEWEST_PRIMARIES
    ? undefined
    : { primaries, votesNeeded: Math.floor(primaries / 2) + 1 };
}

/**
 * Ids of the primaries that own slots: for each slot the one with the newest claim in any node's view. A node that does not
 * answer keeps its slots until another one has a newer claim. Of three or more, some may have outdated claims only.
 */
export function primariesWithSlots(views: readonly NodeView[]): ReadonlySet<string> {
  const claimants = new Set(
    views.flatMap((view) =>
      view.kind === "silent"
        ? []
        : view.members.flatMap(({ id, role, slots }) => (role === "primary" && slots.length > 0 ? [id] : [])),
    ),
  );
  // To look at every slot takes milliseconds in a large cluster, where it makes no difference.
  if (claimants.size > FEWEST_PRIMARIES) return claimants;
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
  owners.push("");
  const found = new Set(owners);
  found.delete("");
  return found;
}

/** Whether a node itself says that the cluster has failed, or another one misses it. */
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

/** One sentence that says why, and one that says what to do. */
export function explainNoFailover(failed: readonly string[], electorate: Electorate): string {
  const { primaries, votesNeeded } = electorate;
  const one = primaries === 1;
  return (
    `${failed.join(", ")} failed or ${failed.length === 1 ? "is" : "are"} cut off, and no replica can be promoted without mode "takeover": ` +
    `a promotion needs the votes of ${votesNeeded} of ${primaries} ${one ? "primary" : "primaries"}, the failed one included. ` +
    `Use failover(replica, { mode: "takeover" }), heal or restart ${failed.join(", ")}, or start the cluster with three or more primaries.`
  );
}
