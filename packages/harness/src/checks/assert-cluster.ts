import { assertVerdict } from "./assert-verdict.ts";
import { agree, coversAllSlots, healthy } from "./cluster-checks.ts";
import type { ClusterQueries } from "../queries/cluster-queries.ts";

/**
 * Asserts that at this moment every node answers, all say the same of the cluster, and nothing is wrong. It does not
 * wait; `cluster.waitUntilHealthy()` does.
 *
 * @throws AssertionError with everything that is wrong and each node's view. RedisClusterError INVALID_ARGUMENT where
 * it is given no cluster; CLUSTER_STOPPED.
 */
export async function assertHealthy(cluster: Pick<ClusterQueries, "view">): Promise<void> {
  assertVerdict(await healthy(cluster), assertHealthy);
}

/**
 * Asserts that at this moment the nodes that answer agree about members, roles, slots and config epochs.
 *
 * @throws AssertionError with the points on which they differ and each node's view. RedisClusterError
 * INVALID_ARGUMENT where it is given no cluster, or fewer than two nodes answer; CLUSTER_STOPPED.
 */
export async function assertAgree(cluster: Pick<ClusterQueries, "view">): Promise<void> {
  assertVerdict(await agree(cluster), assertAgree);
}

/**
 * Asserts that at this moment a node that answers executes commands for each of the 16384 slots, as `check().slotsCovered`
 * reports. A dead primary, or one whose cluster_state is not ok, covers nothing, even if the others have not noticed yet.
 *
 * @throws AssertionError with the slots that nobody serves and each node's view. RedisClusterError INVALID_ARGUMENT
 * where it is given no cluster; CLUSTER_STOPPED.
 */
export async function assertCoversAllSlots(cluster: Pick<ClusterQueries, "view">): Promise<void> {
  assertVerdict(await coversAllSlots(cluster), assertCoversAllSlots);
}
