import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { parseInfo } from "../view/parse-info.ts";
import { findSeedDifferences } from "../seed/restore-seed.ts";
import { assessCluster } from "./assess-cluster.ts";
import type { Baseline } from "./baseline.ts";
import { describeEntries, SERVER_LOGS } from "./server-logs.ts";

/**
 * Returns everything that differs from a baseline, one sentence each, and changes nothing. The result includes state that a reset
 * clears without comparing it.
 *
 * @param nodesToRecreate the names of nodes whose network may still have a fault, and the reasons.
 * @throws RedisClusterError ENGINE_FAILED if a node does not answer and the engine does not report its state.
 */
export async function findChanges(
  cluster: ClusterNodes,
  before: Baseline,
  nodesToRecreate: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { reasons, fingerprints } = await assessCluster(cluster, before, nodesToRecreate, "all", signal);
  const answering = cluster.nodes.filter((_, index) => fingerprints[index] !== undefined);
  const transient = await Promise.all(
    answering.map(({ connection }) => describeTransientState(connection, cluster.plan.commandNames)),
  );
  const allAnswer = answering.length === cluster.nodes.length;
  const connections = cluster.nodes.map(({ connection }) => connection);
  const data =
    before.seed === undefined || !allAnswer
      ? []
      : await findSeedDifferences(cluster.plan, connections, before.seed, signal);
  return [...new Set([...reasons, ...transient.flat(), ...data])];
}

/** Fields of INFO that are 0 on an unused node, and descriptions of what they count. */
const COUNT_FIELDS: Readonly<Record<string, string>> = {
  blocked_clients: "blocked clients",
  tracking_clients: "clients that track keys",
  watching_clients: "clients that watch keys",
  pubsub_channels: "channels with subscribers",
  pubsub_patterns: "patterns with subscribers",
  pubsubshard_channels: "shard channels with subscribers",
};

/**
 * Returns a sentence for each piece of state that a reset clears without comparing it, because it may appear again at any time:
 * logs, subscriptions, named connections and pauses. A server that rejects a query does not have state of that kind.
 */
async function describeTransientState(
  connection: NodeConnection,
  commandNames: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const { name } = connection.node;
  const [info, list, ...logs] = await connection.outcomes([
    ["INFO", "all"],
    ["CLIENT", "LIST"],
    ...SERVER_LOGS.map(({ query }) => query),
  ]);
  const fields = parseInfo(String(info));
  const counts = Object.entries(COUNT_FIELDS).flatMap(([field, what]) => {
    const count = Number(fields.get(field) ?? 0);
    return count > 0 ? [`${name} has ${count} ${what}`] : [];
  });
  const entries = SERVER_LOGS.flatMap((log, index) => {
    const found = describeEntries(log, logs[index], commandNames);
    return found === undefined ? [] : [`${name} has ${found}`];
  });
  return [
    ...counts,
    ...entries,
    ...findPauses(fields).map((what) => `${name} ${what}`),
    ...findForeignConnections(String(list)).map((what) => `${name} has ${what}`),
  ];
}

/**
 * Returns whether a node pauses its clients, as a list with at most one description. Valkey 8.1 and newer report it in INFO. On
 * other servers, the node counts as pausing if CLIENT PAUSE was called more often than CLIENT UNPAUSE since the last reset, even
 * if the pause may have expired.
 *
 * @param info the fields of `INFO all`.
 */
export function findPauses(info: ReadonlyMap<string, string>): readonly string[] {
  const pausedActions = info.get("paused_actions");
  if (pausedActions !== undefined)
    return pausedActions === "none" ? [] : [`pauses its clients (${pausedActions})`];
  const callsOf = (name: string): number =>
    Number(/^calls=(\d+)/.exec(info.get(`cmdstat_client|${name}`) ?? "")?.[1] ?? 0);
  return callsOf("pause") > callsOf("unpause")
    ? ["may still pause its clients (CLIENT PAUSE without CLIENT UNPAUSE)"]
    : [];
}

/**
 * Returns descriptions of connections in CLIENT LIST that a client of the application must have opened: the library's own
 * connections have no name and do not execute MONITOR.
 */
function findForeignConnections(list: string): readonly string[] {
  return list.split("\n").flatMap((line) => {
    const name = /(?:^| )name=(\S+)/.exec(line)?.[1];
    const flags = /(?:^| )flags=(\S+)/.exec(line)?.[1] ?? "";
    return [
      ...(name === undefined ? [] : [`a connection with the name ${name}`]),
      ...(flags.includes("O") ? ["a connection that executes MONITOR"] : []),
    ];
  });
}
