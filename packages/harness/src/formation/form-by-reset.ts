import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import { poll, retryUntilAnswered } from "../timing/retry.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { finishFormation } from "./finish-formation.ts";
import { meetNodes, plannedSlots, replicatePlannedPrimary, waitUntilAllKnown } from "./form-by-meeting.ts";
import { convergenceNodeTimeoutMs } from "./form-by-placeholder.ts";
import { probeShards } from "./verify.ts";

const POLL_MS = 5;

/**
 * Restores the plan of a used cluster without restarting its healthy nodes. Each node forgets all other nodes, and with them every
 * failure report, vote and role. In the same transaction it gets its planned slots. Then all nodes meet again. CLUSTER RESET does
 * not change `cluster_state`, so a node whose state is ok accepts writes at once. The keys of all nodes must have been deleted.
 *
 * @param running the nodes that are not restarted.
 * @param restarting the nodes that are being restarted. Each promise resolves when its node answers; the running nodes meet each
 * other without waiting for it.
 * @param maxEpoch the highest config epoch that any node has reported. Nodes that have no epoch get higher ones.
 */
export async function formByReset(
  plan: ClusterPlan,
  running: readonly NodeConnection[],
  restarting: readonly Promise<NodeConnection>[],
  maxEpoch: number,
  signal: AbortSignal,
): Promise<void> {
  await forAll(running, (connection) => resetNode(plan, connection, maxEpoch, signal));
  await forAll(running, (connection) =>
    retryUntilAnswered(() => meetNodes(connection, nodesAfter(connection, running)), POLL_MS, signal),
  );
  // Handshakes of the running nodes take one or two crons. They are completed while the other nodes restart.
  const runningReady = forAll(running, (connection) => takePlannedRole(plan, connection, signal));
  // A failure is handled when this promise is awaited below.
  runningReady.catch(() => {});
  const restarted = await Promise.all(restarting);
  await forAll(restarted, (connection) => resetNode(plan, connection, maxEpoch, signal));
  // From one side only: two nodes that meet each other at the same time create two links, and drop the wrong one.
  await forAll(restarted, (connection) =>
    retryUntilAnswered(
      () => meetNodes(connection, [...running.map(({ node }) => node), ...nodesAfter(connection, restarted)]),
      POLL_MS,
      signal,
    ),
  );
  const all = [...running, ...restarted].toSorted((a, b) => a.node.index - b.node.index);
  await Promise.all([
    runningReady,
    forAll(restarted, (connection) => takePlannedRole(plan, connection, signal)),
    // As early as possible, so that the packets with which the views converge carry a replication offset above 0 (see verify.ts).
    probeShards(plan, all, signal),
  ]);
  await finishFormation(plan, all, signal);
}

function forAll(
  connections: readonly NodeConnection[],
  act: (connection: NodeConnection) => Promise<unknown>,
): Promise<unknown> {
  return Promise.all(connections.map(act));
}

/** Returns the nodes among the given ones that come after a node in the plan. */
function nodesAfter({ node: self }: NodeConnection, among: readonly NodeConnection[]): readonly NodePlan[] {
  return among.map(({ node }) => node).filter(({ index }) => index > self.index);
}

/**
 * Makes a node a primary that knows no other node. A planned primary gets its slots at the same time, a planned replica has none.
 */
async function resetNode(
  plan: ClusterPlan,
  connection: NodeConnection,
  maxEpoch: number,
  signal: AbortSignal,
): Promise<void> {
  const slots = plannedSlots(plan, connection);
  const transaction = [
    ["CLUSTER", "RESET", "SOFT"],
    // A node that has had an epoch rejects this command and keeps its epoch. Every node gets a different epoch, the primaries the
    // highest. A replica with the highest epoch of all nodes would keep it in a takeover
    // (`clusterBumpConfigEpochWithoutConsensus`). If its primary had the same epoch, no other node would accept the takeover.
    ["CLUSTER", "SET-CONFIG-EPOCH", maxEpoch + plan.nodes.length - connection.node.index],
    ...(slots.length > 0 ? [["CLUSTER", "ADDSLOTS", ...slots] as const] : []),
  ] as const;
  await retryUntilAnswered(
    () =>
      connection.replies([
        ["CONFIG", "SET", "cluster-require-full-coverage", "no"],
        ["CONFIG", "SET", "cluster-replica-no-failover", "yes"],
        ["CONFIG", "SET", "cluster-node-timeout", convergenceNodeTimeoutMs(plan.nodes.length)],
      ]),
    POLL_MS,
    signal,
  );
  // A replica that is loading its data rejects the transaction for a short time.
  await poll(
    async () => {
      const outcomes = await connection.outcomes([["MULTI"], ...transaction, ["EXEC"]]);
      const results = outcomes.at(-1);
      if (!Array.isArray(results)) throw new Error(`${connection.node.name}: ${String(results)}`);
      // The result at index 1 is that of SET-CONFIG-EPOCH, which may be an error.
      const error: unknown = [results[0], results[2]].find((result) => result instanceof Error);
      if (error !== undefined) throw new Error(`${connection.node.name}: ${messageOf(error)}`);
    },
    { everyMs: POLL_MS, signal },
  );
}

/** Waits until a node knows all other nodes. A planned replica replicates its primary as soon as it knows that primary. */
async function takePlannedRole(
  plan: ClusterPlan,
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([
    waitUntilAllKnown(plan, connection, signal),
    replicatePlannedPrimary(plan, connection, signal),
  ]);
}
