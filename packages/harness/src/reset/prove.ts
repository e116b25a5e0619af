import type { NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError, summarize } from "../errors.ts";
import { deviations, probeShards } from "../formation/verify.ts";
import { poll } from "../lifecycle/poll.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { mergeViews } from "../view/cluster-view.ts";
import { parseInfo } from "../view/parse-info.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";

const POLL_MS = 5;
const REPLICAS_LIMIT_MS = 1_000;

/**
 * Proves that a cluster is as it was when it had just started, and gives its new fingerprints: every shard takes a
 * write, all its replicas have all of the stream, nobody has a key, a script or a function, every setting and user is
 * the old one, and all nodes agree on the planned roles and slots. Waits for what may still be on its way.
 */
export async function prove(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  before: readonly Fingerprint[],
  signal: AbortSignal,
): Promise<readonly Fingerprint[]> {
  await probeShards(plan, connections, signal);
  return await poll(
    async () => {
      await Promise.all(plan.shards.map((_, shard) => replicasHaveAll(plan, shard, connections)));
      const now = await Promise.all(connections.map(readFingerprint));
      const view = mergeViews(
        now.map((each) => each.view),
        new Map(plan.nodes.map(({ id, name }) => [id, name])),
      );
      const problems = [
        ...view.disagreements.map(({ message }) => message),
        ...deviations(plan, view),
        ...now.flatMap((each, index) => differences(before[index] as Fingerprint, each)),
        ...(await Promise.all(connections.map(leftOn))).flat(),
      ];
      if (problems.length > 0) throw new Error(summarize(problems));
      return now;
    },
    { everyMs: POLL_MS, signal },
  );
}

async function replicasHaveAll(
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

/** Settings and users that are not what they were. */
function differences(before: Fingerprint, now: Fingerprint): readonly string[] {
  const settings = [...before.config]
    .filter(([name, value]) => now.config.get(name) !== value)
    .map(([name]) => `${now.node} has another ${name}`);
  const users = JSON.stringify(before.acl) === JSON.stringify(now.acl) ? [] : [`${now.node} has other users`];
  const modules = before.modules === now.modules ? [] : [`${now.node} has other modules`];
  return [...settings, ...users, ...modules];
}

async function leftOn(connection: NodeConnection): Promise<readonly string[]> {
  const { name } = connection.node;
  const [size = "", memory = ""] = await connection.texts([["DBSIZE"], ["INFO", "memory"]]);
  const info = parseInfo(memory);
  const count = (field: string): number => Number(info.get(field) ?? 0);
  const counts: readonly (readonly [number, string])[] = [
    [Number(size), "keys"],
    [count("number_of_cached_scripts"), "scripts"],
    [count("number_of_functions"), "functions"],
  ];
  if (!counts.every(([number]) => Number.isFinite(number))) {
    throw new RedisClusterError("RESET_FAILED", `${name} does not say how many keys it has: ${size}`);
  }
  return counts.filter(([number]) => number > 0).map(([number, what]) => `${name} has ${number} ${what}`);
}
