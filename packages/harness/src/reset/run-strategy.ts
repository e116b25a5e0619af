import type { NodeConnection } from "../clients/node-connection.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { restartAsNew } from "./restart-as-new.ts";

/** Restarts a node as new; see {@link restartAsNew}. */
export type RestartNode = (node: ManagedNode, nodesConf?: string) => Promise<NodeConnection>;

/**
 * Runs one reset strategy with a timeout. If the strategy fails, the restarts that it has started are aborted, and the error is
 * thrown only when they have settled: two strategies must never start the same container at the same time.
 *
 * @param timeoutMs milliseconds, multiplied by the plan's time scale. If it is undefined, only `signal` ends the strategy.
 * @param strategy receives a function that restarts a node, and a signal that aborts after the timeout or with `signal`.
 */
export async function runStrategy<T>(
  { plan, addresses }: ClusterNodes,
  timeoutMs: number | undefined,
  signal: AbortSignal,
  strategy: (restart: RestartNode, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const failure = new AbortController();
  const timeouts =
    timeoutMs === undefined ? [] : [AbortSignal.timeout(Math.round(timeoutMs * plan.timeScale))];
  const ended = AbortSignal.any([signal, failure.signal, ...timeouts]);
  const restarts: Promise<NodeConnection>[] = [];
  const restart: RestartNode = (node, nodesConf) => {
    const restarting = restartAsNew(node, addresses, ended, nodesConf);
    // Prevents an unhandled rejection. The strategy receives the error when it awaits this node.
    restarting.catch(() => {});
    restarts.push(restarting);
    return restarting;
  };
  try {
    return await strategy(restart, ended);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(restarts);
    throw error;
  }
}
