import type { NodeConnection } from "../clients/node-connection.ts";
import { isErrorReply, poll, retryUntilAnswered } from "../timing/retry.ts";
import type { ClusterPlan, NodePlan, ShardPlan } from "../plan/cluster-plan.ts";
import { parseInfo } from "../view/parse-info.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { probeShards } from "./verify.ts";

const POLL_MS = 2;

/**
 * The fast way. Every node boots as a replica of a placeholder that owns its shard's slots (see
 * plan/node-files.ts), with the state OK. The future primaries take over, which no delay applies to; their siblings
 * follow them; then everybody forgets the placeholders. docs/formation.md has the why of each step.
 *
 * It begins while the last nodes still boot: primaries boot first, and a replica that finds its shard taken over
 * follows at its first contact, instead of a cron or two later.
 */
export async function formByPlaceholder(
  plan: ClusterPlan,
  booting: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<void> {
  await takeOverInTurn(plan, booting, signal);
  const connections = await Promise.all(
    booting.map(async (boot) => {
      const connection = await boot;
      await followsThePlan(plan, connection, signal);
      // Not before: a primary that still counts on a silent placeholder would find itself in a minority.
      await retryUntilAnswered(
        () =>
          connection.text("CONFIG", "SET", "cluster-node-timeout", chattyNodeTimeoutMs(plan.nodes.length)),
        POLL_MS,
        signal,
      );
      return connection;
    }),
  );
  const placeholders = plan.shards.map(({ placeholderId }) => placeholderId);
  await Promise.all([
    // Servers from 7.2 on gossip what was forgotten, so one node's word is heard by all: each must be past the move.
    ...connections.map((connection) =>
      retryUntilAnswered(() => forget(placeholders, connection), POLL_MS, signal),
    ),
    // As early as it can be, so that the packets which settle the views carry an offset other than 0 (see verify.ts).
    probeShards(plan, connections, signal),
  ]);
}

/** Makes a node forget others. It refuses to forget an unknown node: an earlier call or the gossip was faster. */
export async function forget(ids: readonly string[], connection: NodeConnection): Promise<void> {
  const outcomes = await connection.outcomes(ids.map((id) => ["CLUSTER", "FORGET", id]));
  const error = outcomes.find(
    (outcome) => outcome instanceof Error && !/unknown node/i.test(outcome.message),
  );
  if (error !== undefined) throw error;
}

/**
 * Nodes learn whom a replica follows only from the replica itself, and ask it at the latest when its last word is
 * half a node timeout old. A short timeout makes everybody ask everybody at the next cron, every 100 ms. (Replicas
 * are kept from failing over meanwhile.) More nodes have more to say: about 15 000 pings a second at most.
 */
export function chattyNodeTimeoutMs(nodes: number): number {
  return Math.max(100, Math.ceil((nodes * (nodes - 1) * 2) / 15));
}

/** Waits until a node says that the cluster is well. */
export async function stateIsOk(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  await poll(
    async () => {
      const state = parseInfo(await connection.text("CLUSTER", "INFO")).get("cluster_state");
      if (state !== "ok") throw new Error(`${connection.node.name} says cluster_state:${state}`);
    },
    { everyMs: POLL_MS, signal },
  );
}

/**
 * Promotes one primary after the other, each once it has heard of the last one's config epoch. At the same time
 * they would all claim the same epoch, and the nodes would need up to a second to sort that out.
 */
async function takeOverInTurn(
  plan: ClusterPlan,
  booting: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<void> {
  let epoch = 0;
  for (const shard of plan.shards) {
    const connection = await (booting[shard.primary] as Promise<NodeConnection>);
    // A takeover while the own state is still FAIL would bring back the two seconds of a fresh primary.
    await stateIsOk(connection, signal);
    await poll(
      async () => {
        const current = await clusterNumber(connection, "cluster_current_epoch");
        if (current < epoch) throw new Error(`${connection.node.name} has not heard of epoch ${epoch} yet`);
      },
      { everyMs: POLL_MS, signal },
    );
    await retryUntilAnswered(() => takeOver(connection), POLL_MS, signal);
    epoch = await retryUntilAnswered(() => clusterNumber(connection, "cluster_my_epoch"), POLL_MS, signal);
  }
}

/** Promotes a replica. A node that an earlier call has promoted refuses, which is not an error. */
export async function takeOver(connection: NodeConnection): Promise<void> {
  try {
    await connection.text("CLUSTER", "FAILOVER", "TAKEOVER");
  } catch (error) {
    if (!isErrorReply(error)) throw error;
    const members = parseClusterNodes(await connection.text("CLUSTER", "NODES"));
    if (members.find(({ self }) => self)?.role !== "primary") throw error;
  }
}

async function clusterNumber(connection: NodeConnection, field: string): Promise<number> {
  return Number(parseInfo(await connection.text("CLUSTER", "INFO")).get(field));
}

/**
 * Waits until a node sees that no placeholder has slots any more, and is itself what it is meant to be. A replica
 * changes over to the new primary by itself; Valkey 8.1 sometimes does not when the takeover was before its time.
 */
async function followsThePlan(
  plan: ClusterPlan,
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<void> {
  const placeholders = new Set(plan.shards.map(({ placeholderId }) => placeholderId));
  const shard = plan.shards[connection.node.shard] as ShardPlan;
  const primary = plan.nodes[shard.primary] as NodePlan;
  await poll(
    async () => {
      const members = parseClusterNodes(await connection.text("CLUSTER", "NODES"));
      const holder = members.find(({ id, slots }) => placeholders.has(id) && slots.length > 0);
      if (holder !== undefined) {
        throw new Error(
          `${connection.node.name} still sees the slots of shard ${shard.index} at a placeholder`,
        );
      }
      const self = members.find((member) => member.self);
      if (connection.node.role === "replica" && self?.primaryId !== primary.id) {
        await connection.text("CLUSTER", "REPLICATE", primary.id);
        throw new Error(`${connection.node.name} does not follow ${primary.name} yet`);
      }
    },
    { everyMs: POLL_MS, signal },
  );
}
