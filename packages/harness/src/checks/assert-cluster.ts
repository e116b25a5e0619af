import type { ClusterQueries } from "../queries/cluster-queries.ts";
import { assertVerdict } from "./assert-verdict.ts";
import { agree, coversAllSlots, healthy } from "./cluster-checks.ts";

/**
 * Asserts that at this moment every node answers, all nodes agree about the cluster, and there is no problem. It does not wait.
 * To wait, call `cluster.waitUntilHealthy()`.
 *
 * @throws AssertionError with all problems and the view of each node.
 * @throws RedisClusterError INVALID_ARGUMENT if the argument is not a cluster.
 * @throws RedisClusterError WAIT_TIMEOUT if the timeout of `cluster.view()` passes.
 * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
 */
export async function assertHealthy(cluster: Pick<ClusterQueries, "view">): Promise<void> {
  assertVerdict(await healthy(cluster), assertHealthy);
}

/**
 * Asserts that at this moment the nodes that answer agree about members, roles, slots and config epochs. It does not wait.
 *
 * @throws AssertionError with the points on which the nodes disagree and the view of each node.
 * @throws RedisClusterError INVALID_ARGUMENT if the argument is not a cluster, or fewer than two nodes answer.
 * @throws RedisClusterError WAIT_TIMEOUT if the timeout of `cluster.view()` passes.
 * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
 */
export async function assertAgree(cluster: Pick<ClusterQueries, "view">): Promise<void> {
  assertVerdict(await agree(cluster), assertAgree);
}

/**
 * Asserts that at this moment, for each of the 16384 slots, a node that answers executes commands, as `check().slotsCovered`
 * reports. It does not wait. A primary that does not answer, or whose cluster_state is not ok, covers no slots, even if the other
 * nodes have not noticed yet.
 *
 * @throws AssertionError with the slots that no node serves and the view of each node.
 * @throws RedisClusterError INVALID_ARGUMENT if the argument is not a cluster.
 * @throws RedisClusterError WAIT_TIMEOUT if the timeout of `cluster.view()` passes.
 * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
 */
export async function assertCoversAllSlots(cluster: Pick<ClusterQueries, "view">): Promise<void> {
  assertVerdict(await coversAllSlots(cluster), assertCoversAllSlots);
}
