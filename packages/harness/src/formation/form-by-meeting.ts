import type { NodeConnection } from "../clients/node-connection.ts";
import { monotonicMs } from "../clock/real-time.ts";
import { isErrorReply, poll, retryUntilAnswered } from "../timing/retry.ts";
import type { ClusterPlan, NodePlan, ShardPlan } from "../plan/cluster-plan.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";

const POLL_MS = 10;
/**
 * Nodes tell each other of slots at least every half node timeout, which is what this way waits for. Nobody is
 * absent on purpose here, so the timeout can be short.
 */
const NODE_TIMEOUT_MS = 1_000;
/**
 * A node forgets a node that it has met if that node does not answer within the node timeout, at least one second
 * (`clusterCron` in cluster.c), for example because its machine is overloaded. Another CLUSTER MEET must not follow too soon:
 * a node that gets the message again from a node that it already knows closes its link to that node.
 */
const MEET_AGAIN_MS = 5_000;

/**
 * The plain way, as `redis-cli --cluster create` goes: slots to the primaries, everybody meets everybody, replicas
 * follow. A primary that was booted as one takes writes only 2 s after its start (`CLUSTER_WRITABLE_DELAY`).
 * Works on nodes in any state, as long as they hold no keys.
 */
export async function formByMeeting(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  const each = (act: (connection: NodeConnection) => Promise<unknown>): Promise<unknown> =>
    Promise.all(connections.map(act));
  await each((connection) =>
    retryUntilAnswered(
      () => connection.text("CONFIG", "SET", "cluster-node-timeout", NODE_TIMEOUT_MS),
      POLL_MS,
      signal,
    ),
  );
  // SOFT keeps the node's id. A node that is loading its first sync refuses for a moment.
  await each((connection) =>
    poll(() => connection.text("CLUSTER", "RESET", "SOFT"), { everyMs: POLL_MS, signal }),
  );
  await each((connection) => retryUntilAnswered(() => giveSlots(plan, connection), POLL_MS, signal));
  await each((connection) =>
    retryUntilAnswered(
      () =>
        meet(
          connection,
          plan.nodes.filter(({ index }) => index > connection.node.index),
        ),
      POLL_MS,
      signal,
    ),
  );
  await each((connection) => knowsAll(plan, connection, signal));
  await each((connection) => followPrimary(plan, connection, signal));
}

async function giveSlots(plan: ClusterPlan, connection: NodeConnection): Promise<void> {
  const shard = plan.shards.find(({ primary }) => primary === connection.node.index);
  if (shard === undefined) return;
  // Different epochs from the start spare the nodes a round of collisions. A node that has had an epoch keeps it.
  await connection.text("CLUSTER", "SET-CONFIG-EPOCH", shard.index + 1).catch((error: unknown) => {
    if (!isErrorReply(error)) throw error;
  });
  const self = parseClusterNodes(await connection.text("CLUSTER", "NODES")).find((member) => member.self);
  // ADDSLOTS takes all slots or none, and refuses slots that are taken.
  if ((self?.slots.length ?? 0) > 0) return;
  await connection.text("CLUSTER", "ADDSLOTS", ...slotsOf(plan, connection));
}

/** The slots that a node is planned to have, one by one: ADDSLOTSRANGE came with Redis 7.0. */
export function slotsOf(plan: ClusterPlan, { node }: NodeConnection): readonly number[] {
  const shard = plan.shards.find(({ primary }) => primary === node.index);
  if (shard === undefined) return [];
  const { first, last } = shard.slots;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Makes a node meet others. One of a pair is enough, and to meet again does no harm. */
export async function meet(connection: NodeConnection, others: readonly NodePlan[]): Promise<void> {
  if (others.length === 0) return;
  await connection.texts(
    others.map(({ address, port, busPort }) => ["CLUSTER", "MEET", address, port, busPort]),
  );
}

/** Waits until a node has met all others, and meets them again where a handshake has failed. */
export async function knowsAll(
  plan: ClusterPlan,
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<void> {
  let lastMeeting = monotonicMs();
  await poll(
    async () => {
      const members = parseClusterNodes(await connection.text("CLUSTER", "NODES"));
      const missing = plan.nodes.filter(
        ({ id }) =>
          !members.some((member) => member.id === id && (member.self || !member.flags.includes("handshake"))),
      );
      if (missing.length > 0) {
        if (monotonicMs() - lastMeeting > MEET_AGAIN_MS) {
          lastMeeting = monotonicMs();
          await meet(connection, missing);
        }
        throw new Error(
          `${connection.node.name} has not met ${missing.map(({ name }) => name).join(", ")} yet`,
        );
      }
    },
    { everyMs: POLL_MS, signal },
  );
}

/** Makes a node that is to be a replica one, as soon as it knows its primary. */
export async function followPrimary(
  plan: ClusterPlan,
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<void> {
  if (connection.node.role === "primary") return;
  const shard = plan.shards[connection.node.shard] as ShardPlan;
  const primary = plan.nodes[shard.primary] as NodePlan;
  await poll(() => connection.text("CLUSTER", "REPLICATE", primary.id), { everyMs: POLL_MS, signal });
}
