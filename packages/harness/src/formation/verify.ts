import type { NodeConnection } from "../clients/node-connection.ts";
import { summarize } from "../errors.ts";
import { isErrorReply, poll } from "../timing/retry.ts";
import { readClusterView } from "../queries/read-views.ts";
import type { ClusterPlan, NodePlan, ShardPlan } from "../plan/cluster-plan.ts";
import { keyForRange } from "../plan/slots.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import { parseOpenLinks } from "../view/parse-cluster-links.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { formatRanges, normalizeRanges } from "../view/slot-ranges.ts";

const POLL_MS = 10;

/**
 * Waits until the view of every node matches the plan, every shard accepts a write, and every node lists all replicas and announced
 * host names for clients.
 *
 * @throws what was missing when the signal aborted.
 */
export async function verify(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  await waitForOpenLinks(connections, signal);
  await waitForAgreement(plan, connections, signal);
  await probeShards(plan, connections, signal);
  await Promise.all(
    connections.map((connection) =>
      poll(
        async () => {
          await requireReplicasListed(plan, connection);
          await requireHostnamesKnown(plan, connection);
        },
        { everyMs: POLL_MS, signal },
      ),
    ),
  );
}

/**
 * Waits until every node is connected to every other node. The first attempt to connect to a node that has not booted yet may take
 * a second, and meanwhile packets wait for it: an outdated role, or a node that was suspected for a moment. They would change a view
 * after the verification.
 */
async function waitForOpenLinks(connections: readonly NodeConnection[], signal: AbortSignal): Promise<void> {
  await Promise.all(
    connections.map((connection) =>
      poll(
        async () => {
          const open = await readOpenLinks(connection);
          const missing = connections.filter(
            ({ node }) => node !== connection.node && open?.has(node.id) === false,
          );
          if (missing.length === 0) return;
          const names = missing.map(({ node }) => node.name).join(", ");
          throw new Error(`${connection.node.name} is not connected to ${names} yet`);
        },
        { everyMs: POLL_MS, signal },
      ),
    ),
  );
}

/** Returns the ids of the nodes to which a node is connected; undefined if its server cannot tell, which is older than 7.0. */
async function readOpenLinks(connection: NodeConnection): Promise<ReadonlySet<string> | undefined> {
  try {
    return parseOpenLinks(await connection.reply("CLUSTER", "LINKS"));
  } catch (error) {
    if (isErrorReply(error) && !error.message.startsWith("LOADING")) return undefined;
    throw error;
  }
}

/** Waits until all nodes agree, no node is flagged, and everything is as planned. */
export async function waitForAgreement(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  await poll(
    async () => {
      const view = await readClusterView(plan, connections);
      const problems = [...view.disagreements.map(({ message }) => message), ...findDeviations(plan, view)];
      if (problems.length > 0) throw new Error(summarize(problems));
    },
    { everyMs: POLL_MS, signal },
  );
}

/** Writes a key to the primary of every shard, reads it and deletes it. Retries until this succeeds or the signal aborts. */
export async function probeShards(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    plan.shards.map((shard) => poll(() => probeShard(shard, connections), { everyMs: POLL_MS, signal })),
  );
}

/**
 * Throws if CLUSTER SLOTS of a node does not list all replicas; clients use it to find the replicas from which they can read. A node
 * leaves out replicas whose replication offset is unknown to it or 0 (`isReplicaAvailable` in cluster_legacy.c).
 */
async function requireReplicasListed(plan: ClusterPlan, connection: NodeConnection): Promise<void> {
  const listed = JSON.stringify(await connection.reply("CLUSTER", "SLOTS"));
  const missing = plan.nodes.filter(({ role, id }) => role === "replica" && !listed.includes(id));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    throw new Error(`${connection.node.name} does not list ${names} in CLUSTER SLOTS yet`);
  }
}

/**
 * Throws if a node does not know all announced host names. Two nodes exchange their host names in the first pings after both know
 * that the other node supports ping extensions.
 */
async function requireHostnamesKnown(plan: ClusterPlan, connection: NodeConnection): Promise<void> {
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

/** Returns how the merged view of the nodes differs from the plan, one sentence for each difference. */
export function findDeviations(plan: ClusterPlan, view: ClusterView): readonly string[] {
  const planned = plan.nodes.map((node) => {
    const entry = view.members.find(({ id }) => id === node.id)?.entry;
    const shard = plan.shards[node.shard] as ShardPlan;
    const primary = plan.nodes[shard.primary] as NodePlan;
    if (entry === undefined) return `no node knows ${node.name}`;
    if (entry.role !== node.role) return `${node.name} is a ${entry.role}, expected a ${node.role}`;
    if (node.role === "replica" && entry.primaryId !== primary.id) {
      return `${node.name} does not follow ${primary.name}`;
    }
    const slots = formatRanges(normalizeRanges(entry.slots));
    const expected = node.role === "primary" ? formatRanges([shard.slots]) : "";
    return slots === expected
      ? undefined
      : `${node.name} has the slots ${slots || "none"}, expected ${expected || "none"}`;
  });
  const ids = new Set(plan.nodes.map(({ id }) => id));
  const unplanned = view.members
    .filter(({ id }) => !ids.has(id))
    .map(({ name }) => `${name} is not a planned node of the cluster`);
  return [...planned.filter((problem) => problem !== undefined), ...unplanned];
}

async function probeShard(shard: ShardPlan, connections: readonly NodeConnection[]): Promise<void> {
  const connection = connections[shard.primary] as NodeConnection;
  const key = keyForRange(shard.slots, "testcontainers-redis-cluster:probe:");
  const [, read] = await connection.texts([
    ["SET", key, "1"],
    ["GET", key],
    ["DEL", key],
  ]);
  if (read !== "1") throw new Error(`shard ${shard.index} did not return the value that was written`);
}
