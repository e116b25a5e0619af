import type { NodeConnection } from "../clients/node-connection.ts";
import { monotonicMs } from "../clock/real-time.ts";
import { isErrorReply, poll, retryUntilAnswered } from "../timing/retry.ts";
import type { ClusterPlan, NodePlan, ShardPlan } from "../plan/cluster-plan.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";

const POLL_MS = 10;
/**
 * The node timeout while the cluster is formed. Nodes send each other their slots at least every half node timeout, and forming
 * waits for that. The timeout can be short, because no node is absent on purpose.
 */
const NODE_TIMEOUT_MS = 1_000;
/**
 * How long to wait before CLUSTER MEET is sent again. A node forgets a node that it has met if that node does not answer within
 * the node timeout, at least one second (`clusterCron` in cluster.c), for example because its machine is overloaded. A second
 * CLUSTER MEET must not follow too soon: a node that receives the message again from a node that it already knows closes its link
 * to that node.
 */
const MEET_RETRY_MS = 5_000;

/**
 * Forms the cluster in the same order as `redis-cli --cluster create`: assigns the slots to the primaries, introduces all nodes to
 * each other with CLUSTER MEET, and then makes the other nodes replicas. A primary that was booted as a primary accepts writes only
 * 2 s after its start (`CLUSTER_WRITABLE_DELAY`). The nodes may be in any state, but must not hold keys.
 */
export async function formByMeeting(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  const forAll = (act: (connection: NodeConnection) => Promise<unknown>): Promise<unknown> =>
    Promise.all(connections.map(act));
  await forAll((connection) =>
    retryUntilAnswered(
      () => connection.text("CONFIG", "SET", "cluster-node-timeout", NODE_TIMEOUT_MS),
      POLL_MS,
      signal,
    ),
  );
  // SOFT keeps the id of the node. A node that is loading the data of its first sync rejects the command for a short time.
  await forAll((connection) =>
    poll(() => connection.text("CLUSTER", "RESET", "SOFT"), { everyMs: POLL_MS, signal }),
  );
  await forAll((connection) => retryUntilAnswered(() => assignSlots(plan, connection), POLL_MS, signal));
  await forAll((connection) =>
    retryUntilAnswered(
      () =>
        meetNodes(
          connection,
          plan.nodes.filter(({ index }) => index > connection.node.index),
        ),
      POLL_MS,
      signal,
    ),
  );
  await forAll((connection) => waitUntilAllKnown(plan, connection, signal));
  await forAll((connection) => replicatePlannedPrimary(plan, connection, signal));
}

async function assignSlots(plan: ClusterPlan, connection: NodeConnection): Promise<void> {
  const shard = plan.shards.find(({ primary }) => primary === connection.node.index);
  if (shard === undefined) return;
  // With different config epochs from the start, the nodes need not resolve collisions. A node that has had an epoch keeps it.
  await connection.text("CLUSTER", "SET-CONFIG-EPOCH", shard.index + 1).catch((error: unknown) => {
    if (!isErrorReply(error)) throw error;
  });
  const self = parseClusterNodes(await connection.text("CLUSTER", "NODES")).find((member) => member.self);
  // ADDSLOTS assigns either all slots or none, and rejects slots that are already assigned.
  if ((self?.slots.length ?? 0) > 0) return;
  await connection.text("CLUSTER", "ADDSLOTS", ...plannedSlots(plan, connection));
}

/**
 * Returns the slots that the plan has for a node: each slot for a primary, and none for a replica. They are not ranges, because
 * ADDSLOTSRANGE needs Redis 7.0.
 */
export function plannedSlots(plan: ClusterPlan, { node }: NodeConnection): readonly number[] {
  const shard = plan.shards.find(({ primary }) => primary === node.index);
  if (shard === undefined) return [];
  const { first, last } = shard.slots;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/**
 * Sends a node CLUSTER MEET for other nodes. For each pair of nodes, one of the two must receive the command. It is harmless to
 * send it again.
 */
export async function meetNodes(connection: NodeConnection, others: readonly NodePlan[]): Promise<void> {
  if (others.length === 0) return;
  await connection.texts(
    others.map(({ address, port, busPort }) => ["CLUSTER", "MEET", address, port, busPort]),
  );
}

/** Waits until a node knows all other nodes of the plan, and repeats CLUSTER MEET if a handshake has failed. */
export async function waitUntilAllKnown(
  plan: ClusterPlan,
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<void> {
  let lastMeetingMs = monotonicMs();
  await poll(
    async () => {
      const members = parseClusterNodes(await connection.text("CLUSTER", "NODES"));
      const missing = plan.nodes.filter(
        ({ id }) =>
          !members.some((member) => member.id === id && (member.self || !member.flags.includes("handshake"))),
      );
      if (missing.length > 0) {
        if (monotonicMs() - lastMeetingMs > MEET_RETRY_MS) {
          lastMeetingMs = monotonicMs();
          await meetNodes(connection, missing);
        }
        throw new Error(
          `${connection.node.name} has not met ${missing.map(({ name }) => name).join(", ")} yet`,
        );
      }
    },
    { everyMs: POLL_MS, signal },
  );
}

/**
 * Makes a planned replica replicate its planned primary. Sends CLUSTER REPLICATE until the node accepts it, which is when the node
 * knows the primary. Does nothing for a planned primary.
 */
export async function replicatePlannedPrimary(
  plan: ClusterPlan,
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<void> {
  if (connection.node.role === "primary") return;
  const shard = plan.shards[connection.node.shard] as ShardPlan;
  const primary = plan.nodes[shard.primary] as NodePlan;
  await poll(() => connection.text("CLUSTER", "REPLICATE", primary.id), { everyMs: POLL_MS, signal });
}
