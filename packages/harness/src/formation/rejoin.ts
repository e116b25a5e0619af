import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan, ShardPlan } from "../plan/cluster-plan.ts";
import { followPrimary } from "./form-by-meeting.ts";
import { chattyNodeTimeoutMs, forget, stateIsOk, takeOver } from "./form-by-placeholder.ts";
import { retryUntilAnswered } from "../timing/retry.ts";
import { settle } from "./settle.ts";
import { probeShards, verify } from "./verify.ts";

const POLL_MS = 5;

/**
 * Takes nodes that were started as new back into a cluster that is otherwise as planned. They boot with the knowledge of
 * who is who (`renderReturningNodesConf`), and the others know them still: nobody has to be introduced, which would take
 * everybody two crons of 100 ms.
 */
export async function rejoin(
  plan: ClusterPlan,
  staying: readonly NodeConnection[],
  returning: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<void> {
  const chatty = ["CONFIG", "SET", "cluster-node-timeout", chattyNodeTimeoutMs(plan.nodes.length)] as const;
  await Promise.all(
    staying.map((connection) =>
      retryUntilAnswered(
        () =>
          connection.replies([
            ["CONFIG", "SET", "cluster-require-full-coverage", "no"],
            ["CONFIG", "SET", "cluster-replica-no-failover", "yes"],
            chatty,
          ]),
        POLL_MS,
        signal,
      ),
    ),
  );
  const returned = await Promise.all(
    returning.map(async (coming) => {
      const connection = await coming;
      if (connection.node.role === "primary") await takeOverFor(plan, connection, staying, signal);
      await retryUntilAnswered(() => connection.replies([chatty]), POLL_MS, signal);
      return connection;
    }),
  );
  const all = [...staying, ...returned].toSorted((a, b) => a.node.index - b.node.index);
  // As early as it can be, so that the packets which settle the views carry an offset other than 0 (see verify.ts).
  await probeShards(plan, all, signal);
  await verify(plan, all, signal);
  await settle(plan, all, signal);
}

/** Makes a node the primary of its shard, whose slots it sees at a placeholder, and lets its siblings know at once. */
async function takeOverFor(
  plan: ClusterPlan,
  connection: NodeConnection,
  staying: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  const { placeholderId } = plan.shards[connection.node.shard] as ShardPlan;
  await stateIsOk(connection, signal);
  await retryUntilAnswered(
    async () => {
      await takeOver(connection);
      await forget([placeholderId], connection);
    },
    POLL_MS,
    signal,
  );
  // A replica tries to reach a primary that went away once a second; told to follow it, it does so at once.
  await Promise.all(
    staying
      .filter(({ node }) => node.role === "replica" && node.shard === connection.node.shard)
      .map((replica) => followPrimary(plan, replica, signal)),
  );
}
