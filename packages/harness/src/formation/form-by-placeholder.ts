import type { NodeConnection } from "../clients/node-connection.ts";
import { isErrorReply, poll, retryUntilAnswered } from "../timing/retry.ts";
import type { ClusterPlan, NodePlan, ShardPlan } from "../plan/cluster-plan.ts";
import { parseInfo } from "../view/parse-info.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { probeShards } from "./verify.ts";

const POLL_MS = 2;

/**
 * Forms the cluster from prepared `nodes.conf` files, which is the fast strategy. Every node boots with the state OK as a replica
 * of a placeholder primary that owns the slots of its shard (see plan/node-files.ts). The planned primaries take over, because the
 * write delay of newly started primaries does not apply to a promoted replica. The other nodes of each shard follow the new
 * primary. Then all nodes forget the placeholders. docs/internals/formation.md explains each step.
 *
 * Forming starts while the last nodes are still booting. The primaries boot first. A replica that boots after the takeover follows
 * the new primary at its first contact with it, which otherwise takes one or two crons more.
 *
 * @param booting one promise for each node, in the order of the plan. It resolves when the node answers.
 */
export async function formByPlaceholder(
  plan: ClusterPlan,
  booting: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<void> {
  await takeOverSequentially(plan, booting, signal);
  const nodeTimeoutMs = convergenceNodeTimeoutMs(plan.nodes.length);
  const connections = await Promise.all(
    booting.map(async (boot) => {
      const connection = await boot;
      await waitUntilPlannedRole(plan, connection, signal);
      if (connection.node.role === "replica") await setNodeTimeout(connection, nodeTimeoutMs, signal);
      return connection;
    }),
  );
  // Not earlier, and not as short: only primaries can declare a node failed, and they would do so while it boots.
  const primaries = connections.filter(({ node }) => node.role === "primary");
  await Promise.all(primaries.map((connection) => setNodeTimeout(connection, 2 * nodeTimeoutMs, signal)));
  const placeholders = plan.shards.map(({ placeholderId }) => placeholderId);
  await Promise.all([
    // Only now, when every node has its planned role: from 7.2 on, servers gossip which nodes were forgotten, so that one node
    // makes all others forget the placeholders.
    ...connections.map((connection) =>
      retryUntilAnswered(() => forgetNodes(placeholders, connection), POLL_MS, signal),
    ),
    // As early as possible, so that the packets with which the views converge carry a replication offset above 0 (see verify.ts).
    probeShards(plan, connections, signal),
  ]);
}

async function setNodeTimeout(
  connection: NodeConnection,
  nodeTimeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  await retryUntilAnswered(
    () => connection.text("CONFIG", "SET", "cluster-node-timeout", nodeTimeoutMs),
    POLL_MS,
    signal,
  );
}

/**
 * Makes a node forget other nodes. The node rejects the command for an id that it does not know, which is not an error: an earlier
 * call or gossip has already removed that id.
 */
export async function forgetNodes(ids: readonly string[], connection: NodeConnection): Promise<void> {
  const outcomes = await connection.outcomes(ids.map((id) => ["CLUSTER", "FORGET", id]));
  const error = outcomes.find(
    (outcome) => outcome instanceof Error && !/unknown node/i.test(outcome.message),
  );
  if (error !== undefined) throw error;
}

/**
 * Returns the node timeout in milliseconds with which the views of all nodes converge fast. A node learns which primary a replica
 * follows only from the replica itself. It pings the replica at the latest when the last answer is half a node timeout old. With a
 * short node timeout, all nodes ping each other at their next cron, which runs every 100 ms. Meanwhile
 * `cluster-replica-no-failover` prevents failovers. The timeout grows with the number of nodes, so that they send at most about
 * 15 000 pings per second together.
 *
 * @param nodes the number of nodes of the cluster.
 */
export function convergenceNodeTimeoutMs(nodes: number): number {
  return Math.max(100, Math.ceil((nodes * (nodes - 1) * 2) / 15));
}

/** Waits until a node reports `cluster_state:ok`. */
export async function waitUntilStateOk(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  await poll(
    async () => {
      const state = parseInfo(await connection.text("CLUSTER", "INFO")).get("cluster_state");
      if (state !== "ok") throw new Error(`${connection.node.name} reports cluster_state:${state}`);
    },
    { everyMs: POLL_MS, signal },
  );
}

/**
 * Promotes the planned primaries one after the other, each when it knows the config epoch of the previous one. If they were
 * promoted at the same time, all would claim the same epoch, and the nodes would need up to a second to resolve the collisions.
 */
async function takeOverSequentially(
  plan: ClusterPlan,
  booting: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<void> {
  let epoch = 0;
  for (const shard of plan.shards) {
    const connection = await (booting[shard.primary] as Promise<NodeConnection>);
    // A node that takes over in the state FAIL becomes a primary in the state FAIL, to which the delay of two seconds applies.
    await waitUntilStateOk(connection, signal);
    await poll(
      async () => {
        const current = await readClusterNumber(connection, "cluster_current_epoch");
        if (current < epoch) {
          throw new Error(
            `${connection.node.name}: expected cluster_current_epoch to be at least ${epoch}, got ${current}`,
          );
        }
      },
      { everyMs: POLL_MS, signal },
    );
    await retryUntilAnswered(() => takeOver(connection), POLL_MS, signal);
    epoch = await retryUntilAnswered(
      () => readClusterNumber(connection, "cluster_my_epoch"),
      POLL_MS,
      signal,
    );
  }
}

/** Promotes a replica with CLUSTER FAILOVER TAKEOVER. Does nothing if an earlier call has already promoted it. */
export async function takeOver(connection: NodeConnection): Promise<void> {
  try {
    await connection.text("CLUSTER", "FAILOVER", "TAKEOVER");
  } catch (error) {
    if (!isErrorReply(error)) throw error;
    const members = parseClusterNodes(await connection.text("CLUSTER", "NODES"));
    if (members.find(({ self }) => self)?.role !== "primary") throw error;
  }
}

/** Returns a number of CLUSTER INFO. */
async function readClusterNumber(connection: NodeConnection, field: string): Promise<number> {
  return Number(parseInfo(await connection.text("CLUSTER", "INFO")).get(field));
}

/**
 * Waits until no placeholder has slots in the view of a node, and until the node follows its planned primary if it is a planned
 * replica. A replica switches to the new primary by itself. Valkey 8.1 sometimes does not if the takeover came before the replica
 * was up, so it gets CLUSTER REPLICATE.
 */
async function waitUntilPlannedRole(
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
      const owner = members.find(({ id, slots }) => placeholders.has(id) && slots.length > 0);
      if (owner !== undefined) {
        const owned = plan.shards.find(({ placeholderId }) => placeholderId === owner.id);
        throw new Error(
          `${connection.node.name} still reports a placeholder as the owner of the slots of shard ${owned?.index}`,
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
