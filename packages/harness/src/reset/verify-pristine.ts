import type { NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError, summarize } from "../errors.ts";
import { deviations, probeShards } from "../formation/verify.ts";
import { poll } from "../timing/retry.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { mergeViews } from "../view/cluster-view.ts";
import { requireSeed } from "../seed/return-to-seed.ts";
import type { Baseline } from "./baseline.ts";
import { findPermanentDifferences, findTransientDifferences } from "./differences.ts";
import { findLastingCommands } from "./command-effects.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";
import { requireNoLateEffects } from "./late-effects.ts";
import { findChangesSinceCleaning } from "./irreversible-changes.ts";

const POLL_MS = 5;
const REPLICAS_LIMIT_MS = 1_000;

/**
 * Proves that a cluster that has just been cleaned is as it was when it had just started, and returns its new fingerprints: every shard takes a
 * write, all its replicas have all of the stream, no node has a key, a script or a function but those of the seed, every
 * key of the seed has its digest on every node, every setting and user is the old one, all nodes agree on the planned roles and slots, and
 * nobody has done anything since the cleaning that only a new process reverts. Waits for what may still be on its way.
 *
 * @throws LateEffectsError if somebody has; RedisClusterError RESET_FAILED if something else differs that waiting does not
 * change.
 */
export async function verifyPristine(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  before: Baseline,
  signal: AbortSignal,
): Promise<readonly Fingerprint[]> {
  await probeShards(plan, connections, signal);
  /** How often CONFIG SET was called on each node by {@link forgetReports}. */
  const ownSettings = connections.map(() => 0);
  return await poll(
    async () => {
      await Promise.all(plan.shards.map((_, shard) => replicasHaveAll(plan, shard, connections)));
      const now = await Promise.all(connections.map((connection) => readFingerprint(connection, plan, true)));
      requireNoLateEffects(await lateEffects(plan, connections, before, now, ownSettings));
      const lasting = now.flatMap((each, index) =>
        findPermanentDifferences(before.fingerprints[index] as Fingerprint, each),
      );
      if (lasting.length > 0) throw new RedisClusterError("RESET_FAILED", summarize(lasting));
      const view = mergeViews(
        now.map((each) => each.view),
        new Map(plan.nodes.map(({ id, name }) => [id, name])),
      );
      await Promise.all(
        connections.map(async (each, index) => {
          if (now[index]?.held.failureReports === 0) return;
          ownSettings[index] = (ownSettings[index] ?? 0) + 2;
          await forgetReports(plan, each);
        }),
      );
      const problems = [
        ...view.disagreements.map(({ message }) => message),
        ...deviations(plan, view),
        ...now.flatMap((each) => findTransientDifferences(plan, before, each)),
      ];
      if (problems.length > 0) throw new Error(summarize(problems));
      if (before.seed !== undefined) await requireSeed(plan, connections, before.seed, signal);
      return now;
    },
    { everyMs: POLL_MS, signal },
  );
}

/** What was done to which node since its cleaning. Asks only about commands that no reset of this cluster has asked about. */
async function lateEffects(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  { fingerprints }: Baseline,
  now: readonly Fingerprint[],
  ownSettings: readonly number[],
): Promise<ReadonlyMap<string, string>> {
  const synced = new Set(
    now.flatMap(({ snapshots }, index) => (snapshots.syncs > 0 ? [plan.nodes[index]?.shard] : [])),
  );
  const found = await Promise.all(
    connections.map(async (connection, index) => {
      const each = now[index] as Fingerprint;
      const traces = findChangesSinceCleaning(
        fingerprints[index] as Fingerprint,
        each,
        await findLastingCommands(plan, connection, each.calls),
        synced.has(connection.node.shard),
        ownSettings[index] ?? 0,
      );
      return traces.length === 0 ? [] : [[each.node, `${traces.join(", ")} during the reset`] as const];
    }),
  );
  return new Map(found.flat());
}

/** Throws if a replica of a shard does not have what the connection to its primary has written. */
export async function replicasHaveAll(
  plan: ClusterPlan,
  shard: number,
  connections: readonly NodeConnection[],
): Promise<void> {
  const { primary = -1, replicas = [] } = plan.shards[shard] ?? {};
  const connection = connections[primary];
  if (connection === undefined || replicas.length === 0) return;
  // WAIT counts replicas that have what this connection wrote, which the probe's last command was.
  const have = Number(await connection.text("WAIT", replicas.length, REPLICAS_LIMIT_MS));
  if (have < replicas.length) {
    throw new Error(`${have} of ${replicas.length} replicas have what ${connection.node.name} wrote`);
  }
}

/**
 * A report that a node has failed counts for two node timeouts, also after that node is back: a later test would see a
 * failure declared by fewer nodes than a majority. Counting reports deletes the expired ones
 * (`clusterNodeCleanupFailureReports`), and within a transaction nothing else is done by the short timeout.
 */
async function forgetReports(plan: ClusterPlan, connection: NodeConnection): Promise<void> {
  await connection.replies([
    ["MULTI"],
    ["CONFIG", "SET", "cluster-node-timeout", 1],
    ...plan.nodes.map(({ id }) => ["CLUSTER", "COUNT-FAILURE-REPORTS", id] as const),
    ["CONFIG", "SET", "cluster-node-timeout", plan.nodeTimeoutMs],
    ["EXEC"],
  ]);
}
