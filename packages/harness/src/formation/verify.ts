import type { NodeConnection } from "../clients/node-connection.ts";
import { summarize } from "../errors.ts";
import { poll } from "../timing/retry.ts";
import { readClusterView } from "../queries/read-views.ts";
import type { ClusterPlan, NodePlan, ShardPlan } from "../plan/cluster-plan.ts";
import { keyForRange } from "../plan/slots.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { formatRanges, normalizeRanges } from "../view/slot-ranges.ts";

const POLL_MS = 10;

/**
 * Waits until the cluster is what was planned, in every node's eyes, every shard takes a write, and every node tells
 * clients of every replica.
 */
export async function verify(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  await poll(
    async () => {
      const view = await readClusterView(plan, connections);
      const problems = [...view.disagreements.map(({ message }) => message), ...deviations(plan, view)];
      if (problems.length > 0) throw new Error(summarize(problems));
    },
    { everyMs: POLL_MS, signal },
  );
  await probeShards(plan, connections, signal);
  await Promise.all(
    connections.map((connection) =>
      poll(
        async () => {
          await listsReplicas(plan, connection);
          await knowsHostnames(plan, connection);
        },
        { everyMs: POLL_MS, signal },
      ),
    ),
  );
}

/** Writes a key to every shard, reads it and deletes it again. */
export async function probeShards(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    plan.shards.map((shard) => poll(() => writeAndRead(shard, connections), { everyMs: POLL_MS, signal })),
  );
}

/**
 * A node leaves out of CLUSTER SLOTS, from which clients learn where to read, each replica whose replication offset
 * it has not heard of or heard as 0 (`isReplicaAvailable` in cluster_legacy.c).
 */
async function listsReplicas(plan: ClusterPlan, connection: NodeConnection): Promise<void> {
  const listed = JSON.stringify(await connection.reply("CLUSTER", "SLOTS"));
  const missing = plan.nodes.filter(({ role, id }) => role === "replica" && !listed.includes(id));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    throw new Error(`${connection.node.name} does not tell clients of ${names} yet`);
  }
}

/** Nodes learn each other's host names from the first pings after both have learned that the other supports extensions. */
async function knowsHostnames(plan: ClusterPlan, connection: NodeConnection): Promise<void> {
  const named = plan.nodes.filter(({ hostname }) => hostname !== undefined);
  if (named.length === 0) return;
  const members = parseClusterNodes(await connection.text("CLUSTER", "NODES"));
  const missing = named.filter(
    (node) => !members.some(({ id, hostname }) => id === node.id && hostname === node.hostname),
  );
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    throw new Error(`${connection.node.name} does not know the host name of ${names} yet`);
  }
}

/** Where the nodes agree on something else than the plan. */
export function deviations(plan: ClusterPlan, view: ClusterView): readonly string[] {
  const planned = plan.nodes.map((node) => {
    const entry = view.members.find(({ id }) => id === node.id)?.entry;
    const shard = plan.shards[node.shard] as ShardPlan;
    const primary = plan.nodes[shard.primary] as NodePlan;
    if (entry === undefined) return `nobody knows ${node.name}`;
    if (entry.role !== node.role) return `${node.name} is a ${entry.role} and was to be a ${node.role}`;
    if (node.role === "replica" && entry.primaryId !== primary.id) {
      return `${node.name} does not follow ${primary.name}`;
    }
    const slots = formatRanges(normalizeRanges(entry.slots));
    const wanted = node.role === "primary" ? formatRanges([shard.slots]) : "";
    return slots === wanted
      ? undefined
      : `${node.name} has the slots ${slots || "none"}, not ${wanted || "none"}`;
  });
  const ids = new Set(plan.nodes.map(({ id }) => id));
  const strangers = view.members
    .filter(({ id }) => !ids.has(id))
    .map(({ name }) => `${name} is unknown to the plan`);
  return [...planned.filter((problem) => problem !== undefined), ...strangers];
}

async function writeAndRead(shard: ShardPlan, connections: readonly NodeConnection[]): Promise<void> {
  const connection = connections[shard.primary] as NodeConnection;
  const key = keyForRange(shard.slots, "testcontainers-redis-cluster:probe:");
  const [, read] = await connection.texts([
    ["SET", key, "1"],
    ["GET", key],
    ["DEL", key],
  ]);
  if (read !== "1") throw new Error(`shard ${shard.index} did not give back what was written`);
}
