import type { ClusterPlan } from "../plan/cluster-plan.ts";
import {
  type Electorate,
  isReportedAsFailed,
  primariesWithSlots,
  findTooSmallElectorate,
} from "../view/automatic-failover.ts";
import type { NodeView } from "../view/node-view.ts";

/** Primaries that have failed and cannot be replaced by a replica. */
export interface FailedForGood {
  /** The names of the primaries. */
  readonly failed: readonly string[];
  readonly electorate: Electorate;
}

/**
 * Finds the primaries that have failed in a cluster with too few primaries to replace them. Returns undefined if there are none.
 *
 * @param cutOff the names of the nodes that faults cut off from most other nodes.
 * @param isDown returns whether the container of a node does not run; false if the state is unknown.
 */
export async function findFailedForGood(
  plan: ClusterPlan,
  views: readonly NodeView[],
  cutOff: readonly string[],
  isDown: (node: string) => Promise<boolean>,
): Promise<FailedForGood | undefined> {
  const owners = primariesWithSlots(views);
  // If no node answers, only the planned primaries are known.
  const electorate = findTooSmallElectorate(owners.size > 0 ? owners.size : plan.shards.length);
  if (electorate === undefined) return undefined;
  const primaries = plan.nodes.filter(({ id, role }) =>
    owners.size > 0 ? owners.has(id) : role === "primary",
  );
  const silent = new Set(views.flatMap(({ kind, node }) => (kind === "silent" ? [node] : [])));
  const hasFailed = await Promise.all(
    primaries.map(async (node) => {
      if (cutOff.includes(node.name) && isReportedAsFailed(views, node)) return true;
      return silent.has(node.name) && (await isDown(node.name));
    }),
  );
  const failed = primaries.flatMap(({ name }, index) => (hasFailed[index] === true ? [name] : []));
  return failed.length === 0 ? undefined : { failed, electorate };
}
