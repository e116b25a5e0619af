import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import { poll, retryUntilAnswered } from "../timing/retry.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { followPrimary, knowsAll, meet, slotsOf } from "./form-by-meeting.ts";
import { chattyNodeTimeoutMs } from "./form-by-placeholder.ts";
import { settle } from "./settle.ts";
import { probeShards, verify } from "./verify.ts";

const POLL_MS = 5;

/**
 * Takes a used cluster back to its plan without restarting the nodes that are well. Each forgets all others, and with
 * them every suspicion, vote and role, takes its planned slots in the same transaction and meets the others anew.
 * CLUSTER RESET leaves `cluster_state` as it is, so that a node whose state is ok takes writes at once. Nodes with
 * keys must have been flushed.
 *
 * @param joining nodes that are being started meanwhile: the others need not wait for them to meet each other.
 * @param epoch the greatest config epoch that was seen; primaries that have none get greater ones.
 */
export async function formByReset(
  plan: ClusterPlan,
  staying: readonly NodeConnection[],
  joining: readonly Promise<NodeConnection>[],
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  await each(staying, (connection) => standAlone(plan, connection, epoch, signal));
  await each(staying, (connection) =>
    retryUntilAnswered(() => meet(connection, after(connection, staying)), POLL_MS, signal),
  );
  // What takes the nodes that stay a cron or two is over when the others come.
  const acquainted = each(staying, (connection) => takeRole(plan, connection, signal));
  acquainted.catch(() => {});
  const joined = await Promise.all(joining);
  await each(joined, (connection) => standAlone(plan, connection, epoch, signal));
  // From one side only: two that meet each other at once end up with two links, and drop the wrong one.
  await each(joined, (connection) =>
    retryUntilAnswered(
      () => meet(connection, [...staying.map(({ node }) => node), ...after(connection, joined)]),
      POLL_MS,
      signal,
    ),
  );
  const all = inOrder([...staying, ...joined]);
  await Promise.all([
    acquainted,
    each(joined, (connection) => takeRole(plan, connection, signal)),
    // As early as it can be, so that the packets which settle the views carry an offset other than 0 (see verify.ts).
    probeShards(plan, all, signal),
  ]);
  await verify(plan, all, signal);
  await settle(plan, all, signal);
}

function each(
  connections: readonly NodeConnection[],
  act: (connection: NodeConnection) => Promise<unknown>,
): Promise<unknown> {
  return Promise.all(connections.map(act));
}

function after({ node: self }: NodeConnection, among: readonly NodeConnection[]): readonly NodePlan[] {
  return among.map(({ node }) => node).filter(({ index }) => index > self.index);
}

function inOrder(connections: readonly NodeConnection[]): readonly NodeConnection[] {
  return connections.toSorted((a, b) => a.node.index - b.node.index);
}

/** Makes a node a primary that knows nobody, with its planned slots or, where it is to be a replica, with none. */
async function standAlone(
  plan: ClusterPlan,
  connection: NodeConnection,
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  const slots = slotsOf(plan, connection);
  const transaction = [
    ["CLUSTER", "RESET", "SOFT"],
    // Refused by a node that has had an epoch, and keeps it. Each gets another one, the primaries the greatest: a replica
    // with the greatest epoch of all would keep it in a takeover (`clusterBumpConfigEpochWithoutConsensus`), and if its
    // primary had the same one, no other node would follow.
    ["CLUSTER", "SET-CONFIG-EPOCH", epoch + plan.nodes.length - connection.node.index],
    ...(slots.length > 0 ? [["CLUSTER", "ADDSLOTS", ...slots] as const] : []),
  ] as const;
  await retryUntilAnswered(
    () =>
      connection.replies([
        ["CONFIG", "SET", "cluster-require-full-coverage", "no"],
        ["CONFIG", "SET", "cluster-replica-no-failover", "yes"],
        ["CONFIG", "SET", "cluster-node-timeout", chattyNodeTimeoutMs(plan.nodes.length)],
      ]),
    POLL_MS,
    signal,
  );
  // A replica that is loading its data refuses for a moment.
  await poll(
    async () => {
      const outcomes = await connection.outcomes([["MULTI"], ...transaction, ["EXEC"]]);
      const results = outcomes.at(-1);
      if (!Array.isArray(results)) throw new Error(`${connection.node.name}: ${String(results)}`);
      const wrong: unknown = [results[0], results[2]].find((result) => result instanceof Error);
      if (wrong !== undefined) throw new Error(`${connection.node.name}: ${messageOf(wrong)}`);
    },
    { everyMs: POLL_MS, signal },
  );
}

/** Waits until a node has met all others; a replica follows its primary as soon as it has met that one. */
async function takeRole(plan: ClusterPlan, connection: NodeConnection, signal: AbortSignal): Promise<void> {
  await Promise.all([knowsAll(plan, connection, signal), followPrimary(plan, connection, signal)]);
}
