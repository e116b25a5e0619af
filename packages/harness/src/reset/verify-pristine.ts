import type { NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError, summarize } from "../errors.ts";
import { findDeviations, probeShards } from "../formation/verify.ts";
import { poll } from "../timing/retry.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { mergeViews } from "../view/cluster-view.ts";
import { requireSeed } from "../seed/restore-seed.ts";
import type { Baseline } from "./baseline.ts";
import { findLastingCommands } from "./command-effects.ts";
import { findPermanentDifferences, findTransientDifferences } from "./differences.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";
import { findChangesSinceCleaning } from "./irreversible-changes.ts";
import { duringReset, requireNoLateEffects } from "./late-effects.ts";

const POLL_MS = 5;
const WAIT_TIMEOUT_MS = 1_000;

/**
 * Verifies that a cluster that was just cleaned is in the state of its baseline, and returns its new fingerprints:
 *
 * - Every shard accepts a write, and all its replicas have received the whole replication stream.
 * - No node has keys, scripts or functions, except those of the seed, and every key of the seed has its digest on every node.
 * - Every setting and user is as in the baseline.
 * - All nodes agree on the planned roles and slots.
 * - Since the cleaning, no client has changed anything that requires a new process.
 *
 * Waits for differences that may disappear by themselves.
 *
 * @throws LateEffectsError if a client has changed something that requires a new process.
 * @throws RedisClusterError RESET_FAILED if there is another difference that waiting does not change.
 */
export async function verifyPristine(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  before: Baseline,
  signal: AbortSignal,
): Promise<readonly Fingerprint[]> {
  await probeShards(plan, connections, signal);
  /** By node index, how often {@link deleteFailureReports} has called CONFIG SET. */
  const ownConfigSetCalls = connections.map(() => 0);
  return await poll(
    async () => {
      await Promise.all(plan.shards.map((_, shard) => requireSyncedReplicas(plan, shard, connections)));
      const fingerprints = await Promise.all(
        connections.map((connection) => readFingerprint(connection, plan, true)),
      );
      requireNoLateEffects(await findLateEffects(plan, connections, before, fingerprints, ownConfigSetCalls));
      const permanent = fingerprints.flatMap((now, index) =>
        findPermanentDifferences(before.fingerprints[index] as Fingerprint, now),
      );
      if (permanent.length > 0) throw new RedisClusterError("RESET_FAILED", summarize(permanent));
      const view = mergeViews(
        fingerprints.map((now) => now.view),
        new Map(plan.nodes.map(({ id, name }) => [id, name])),
      );
      await Promise.all(
        connections.map(async (connection, index) => {
          if (fingerprints[index]?.held.failureReports === 0) return;
          ownConfigSetCalls[index] = (ownConfigSetCalls[index] ?? 0) + 2;
          await deleteFailureReports(plan, connection);
        }),
      );
      const problems = [
        ...view.disagreements.map(({ message }) => message),
        ...findDeviations(plan, view),
        ...fingerprints.flatMap((now) => findTransientDifferences(plan, before, now)),
      ];
      if (problems.length > 0) throw new Error(summarize(problems));
      if (before.seed !== undefined) await requireSeed(plan, connections, before.seed, signal);
      return fingerprints;
    },
    { everyMs: POLL_MS, signal },
  );
}

/**
 * Returns what clients have changed on which node since its cleaning. Queries the servers only for commands that no reset of this
 * cluster has queried before.
 */
async function findLateEffects(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  before: Baseline,
  fingerprints: readonly Fingerprint[],
  ownConfigSetCalls: readonly number[],
): Promise<ReadonlyMap<string, string>> {
  const syncedShards = new Set(
    fingerprints.flatMap(({ snapshots }, index) => (snapshots.syncs > 0 ? [plan.nodes[index]?.shard] : [])),
  );
  const found = await Promise.all(
    connections.map(async (connection, index) => {
      const now = fingerprints[index] as Fingerprint;
      const changes = findChangesSinceCleaning(
        before.fingerprints[index] as Fingerprint,
        now,
        await findLastingCommands(plan, connection, now.calls),
        syncedShards.has(connection.node.shard),
        ownConfigSetCalls[index] ?? 0,
      );
      return changes.length === 0 ? [] : [[now.node, duringReset(changes)] as const];
    }),
  );
  return new Map(found.flat());
}

/** @throws Error if a replica of a shard has not received everything that the connection to its primary has written. */
export async function requireSyncedReplicas(
  plan: ClusterPlan,
  shard: number,
  connections: readonly NodeConnection[],
): Promise<void> {
  const { primary = -1, replicas = [] } = plan.shards[shard] ?? {};
  const connection = connections[primary];
  if (connection === undefined || replicas.length === 0) return;
  // WAIT counts the replicas that have received the last write of this connection, which is a command of the probe.
  const synced = Number(await connection.text("WAIT", replicas.length, WAIT_TIMEOUT_MS));
  if (synced < replicas.length) {
    throw new Error(
      `expected ${replicas.length} replicas to have all writes of ${connection.node.name}, got ${synced}`,
    );
  }
}

/**
 * Deletes the reports that nodes have failed. A report counts for two node timeouts, even if the node is back, so a later test
 * could see a failure that fewer nodes than a majority have detected. The server deletes expired reports when it counts them
 * (`clusterNodeCleanupFailureReports`). The short node timeout makes all reports expire. In a transaction it affects nothing
 * else.
 */
async function deleteFailureReports(plan: ClusterPlan, connection: NodeConnection): Promise<void> {
  await connection.replies([
    ["MULTI"],
    ["CONFIG", "SET", "cluster-node-timeout", 1],
    ...plan.nodes.map(({ id }) => ["CLUSTER", "COUNT-FAILURE-REPORTS", id] as const),
    ["CONFIG", "SET", "cluster-node-timeout", plan.nodeTimeoutMs],
    ["EXEC"],
  ]);
}
