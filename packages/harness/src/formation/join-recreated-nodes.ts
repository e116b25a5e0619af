import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan, ShardPlan } from "../plan/cluster-plan.ts";
import { retryUntilAnswered } from "../timing/retry.ts";
import { finishFormation } from "./finish-formation.ts";
import { replicatePlannedPrimary } from "./form-by-meeting.ts";
import { convergenceNodeTimeoutMs, forgetNodes, takeOver, waitUntilStateOk } from "./form-by-placeholder.ts";
import { probeShards } from "./verify.ts";

const POLL_MS = 5;

/**
 * Adds nodes that were restarted with new processes to a cluster whose other nodes are as planned. The recreated nodes boot with
 * a `nodes.conf` that describes the cluster (`renderRejoiningNodesConf`), and the other nodes still know them. So CLUSTER MEET,
 * which costs every node two crons of 100 ms, is not needed. Resolves when the cluster is verified and has its final settings.
 *
 * @param running the nodes that were not restarted.
 * @param recreated the recreated nodes. Each promise resolves when its node answers.
 */
export async function joinRecreatedNodes(
  plan: ClusterPlan,
  running: readonly NodeConnection[],
  recreated: readonly Promise<NodeConnection>[],
  signal: AbortSignal,
): Promise<void> {
  const shortNodeTimeout = [
    "CONFIG",
    "SET",
    "cluster-node-timeout",
    convergenceNodeTimeoutMs(plan.nodes.length),
  ] as const;
  await Promise.all(
    running.map((connection) =>
      retryUntilAnswered(
        () =>
          connection.replies([
            ["CONFIG", "SET", "cluster-require-full-coverage", "no"],
            ["CONFIG", "SET", "cluster-replica-no-failover", "yes"],
            shortNodeTimeout,
          ]),
        POLL_MS,
        signal,
      ),
    ),
  );
  const joined = await Promise.all(
    recreated.map(async (booting) => {
      const connection = await booting;
      if (connection.node.role === "primary") await takeOverShard(plan, connection, running, signal);
      await retryUntilAnswered(() => connection.replies([shortNodeTimeout]), POLL_MS, signal);
      return connection;
    }),
  );
  const all = [...running, ...joined].toSorted((a, b) => a.node.index - b.node.index);
  // As early as possible, so that the packets with which the views converge carry a replication offset above 0 (see verify.ts).
  await probeShards(plan, all, signal);
  await finishFormation(plan, all, signal);
}

/** Promotes a node to the primary of its shard, whose slots a placeholder owns in its view, and informs its replicas at once. */
async function takeOverShard(
  plan: ClusterPlan,
  connection: NodeConnection,
  running: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  const { placeholderId } = plan.shards[connection.node.shard] as ShardPlan;
  await waitUntilStateOk(connection, signal);
  await retryUntilAnswered(
    async () => {
      await takeOver(connection);
      await forgetNodes([placeholderId], connection);
    },
    POLL_MS,
    signal,
  );
  // A replica tries to reconnect to a lost primary only once a second. CLUSTER REPLICATE makes it connect at once.
  await Promise.all(
    running
      .filter(({ node }) => node.role === "replica" && node.shard === connection.node.shard)
      .map((replica) => replicatePlannedPrimary(plan, replica, signal)),
  );
}
