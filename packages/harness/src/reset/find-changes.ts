import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { parseInfo } from "../view/parse-info.ts";
import { findSeedDifferences } from "../seed/return-to-seed.ts";
import type { Baseline } from "./baseline.ts";
import { assessCluster } from "./assess-cluster.ts";
import { SERVER_LOGS } from "./server-logs.ts";

/**
 * Returns everything that differs from a baseline, one sentence each, and changes nothing: what a reset compares, and
 * what it only clears.
 *
 * @param nodesToRecreate nodes whose network may still have a fault, and why.
 * @throws RedisClusterError ENGINE_FAILED if a node does not answer and the engine does not report why.
 */
export async function findChanges(
  cluster: ClusterNodes,
  before: Baseline,
  nodesToRecreate: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { reasons, now } = await assessCluster(cluster, before, nodesToRecreate, "all", signal);
  const answering = cluster.nodes.filter((_, index) => now[index] !== undefined);
  const passing = await Promise.all(answering.map(({ connection }) => passingState(connection)));
  const everywhere = answering.length === cluster.nodes.length;
  const connections = cluster.nodes.map(({ connection }) => connection);
  const data =
    before.seed === undefined || !everywhere
      ? []
      : await findSeedDifferences(cluster.plan, connections, before.seed, signal);
  return [...new Set([...reasons, ...passing.flat(), ...data])];
}

/** Fields of INFO that are 0 on a node that nobody uses, and what they count. */
const COUNTS: Readonly<Record<string, string>> = {
  blocked_clients: "blocked clients",
  tracking_clients: "clients that track keys",
  watching_clients: "clients that watch keys",
  pubsub_channels: "subscribed channels",
  pubsub_patterns: "subscribed patterns",
  pubsubshard_channels: "subscribed shard channels",
};

/**
 * State that a reset clears without comparing it, because a server may refill it at any time: logs, subscriptions, named
 * connections and pauses. A server that does not know a question has nothing of its kind.
 */
async function passingState(connection: NodeConnection): Promise<readonly string[]> {
  const { name } = connection.node;
  const [info, list, ...logs] = await connection.outcomes([
    ["INFO", "all"],
    ["CLIENT", "LIST"],
    ...SERVER_LOGS.map(({ entries }) => entries),
  ]);
  const fields = parseInfo(String(info));
  const counted = Object.entries(COUNTS).flatMap(([field, what]) => {
    const count = Number(fields.get(field) ?? 0);
    return count > 0 ? [`${name} has ${count} ${what}`] : [];
  });
  const written = logs.flatMap((log, index) =>
    (Array.isArray(log) ? log.length : Number(log)) > 0
      ? [`${name} has entries in ${SERVER_LOGS[index]?.what}`]
      : [],
  );
  return [
    ...counted,
    ...written,
    ...findPauses(fields).map((what) => `${name} ${what}`),
    ...connectionsIn(String(list)).map((what) => `${name} has ${what}`),
  ];
}

/**
 * Whether a node pauses its clients, by INFO of Valkey 8.1 and newer. Other servers do not report it, so a CLIENT PAUSE counts
 * that was called since the last reset, even if it may have expired.
 */
export function findPauses(info: ReadonlyMap<string, string>): readonly string[] {
  const paused = info.get("paused_actions");
  if (paused !== undefined) return paused === "none" ? [] : [`pauses its clients (${paused})`];
  const calls = (name: string): number =>
    Number(/^calls=(\d+)/.exec(info.get(`cmdstat_client|${name}`) ?? "")?.[1] ?? 0);
  return calls("pause") > calls("unpause") ? ["was told CLIENT PAUSE, which may last"] : [];
}

/** Connections of CLIENT LIST that only somebody else can have opened: ours have no name and monitor nothing. */
function connectionsIn(list: string): readonly string[] {
  return list.split("\n").flatMap((line) => {
    const given = /(?:^| )name=(\S+)/.exec(line)?.[1];
    const flags = /(?:^| )flags=(\S+)/.exec(line)?.[1] ?? "";
    return [
      ...(given === undefined ? [] : [`a connection called ${given}`]),
      ...(flags.includes("O") ? ["a connection that monitors it"] : []),
    ];
  });
}
