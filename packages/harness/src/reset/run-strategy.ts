import type { NodeConnection } from "../clients/node-connection.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { restartAsNew } from "./restart-as-new.ts";

/** Restarts a node as new; see {@link restartAsNew}. */
export type RestartNode = (member: ManagedNode, nodesConf?: string) => Promise<NodeConnection>;

/**
 * Runs one way of resetting within a time limit. If the way fails, the restarts that it has begun are aborted and awaited
 * before the error is thrown: two ways must never start the same container at the same time.
 *
 * @param limitMs milliseconds, multiplied by the plan's time scale. Without it only `signal` ends the way.
 */
export async function runStrategy<T>(
  { plan, addresses }: ClusterNodes,
  limitMs: number | undefined,
  signal: AbortSignal,
  way: (restart: RestartNode, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const failed = new AbortController();
  const limits = limitMs === undefined ? [] : [AbortSignal.timeout(Math.round(limitMs * plan.timeScale))];
  const limited = AbortSignal.any([signal, failed.signal, ...limits]);
  const begun: Promise<NodeConnection>[] = [];
  const restart: RestartNode = (member, nodesConf) => {
    const restarting = restartAsNew(member, addresses, limited, nodesConf);
    // Formation hears of a failure when it waits for this node.
    restarting.catch(() => {});
    begun.push(restarting);
    return restarting;
  };
  try {
    return await way(restart, limited);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(begun);
    throw error;
  }
}
