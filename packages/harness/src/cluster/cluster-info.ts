import type { ClusterPlan, SlotRange } from "../plan/cluster-plan.ts";

/** A shard as it was at the start. */
export interface ShardInfo {
  /** The slots that the primary owned. */
  readonly slots: SlotRange;
  /** The name of the primary. */
  readonly primary: string;
  /** The names of the replicas. */
  readonly replicas: readonly string[];
}

/** The facts about a cluster that do not change while it runs. */
export interface ClusterInfo {
  /** The name of the cluster and of its network. The names of its containers begin with it. */
  readonly name: string;
  /** The image of the server. */
  readonly image: string;
  /** The `cluster-node-timeout` in milliseconds, multiplied by {@link timeScale}. */
  readonly nodeTimeoutMs: number;
  /** The factor by which timeouts are multiplied. */
  readonly timeScale: number;
  /** The shards at the start, and after each reset. */
  readonly shards: readonly ShardInfo[];
}

/** Returns the facts that a plan contains. */
export function clusterInfo({
  name,
  image,
  nodeTimeoutMs,
  timeScale,
  nodes,
  shards,
}: ClusterPlan): ClusterInfo {
  const nameOf = (index: number): string => nodes[index]?.name ?? "";
  return {
    name,
    image,
    nodeTimeoutMs,
    timeScale,
    shards: shards.map(({ slots, primary, replicas }) => ({
      slots,
      primary: nameOf(primary),
      replicas: replicas.map(nameOf),
    })),
  };
}
