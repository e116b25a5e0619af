/** The indexes of the primary and of the replicas of a shard. */
export interface ShardLayout {
  readonly primary: number;
  readonly replicas: readonly number[];
}

/** The number of replicas of each shard: one number for all shards, or a list with a number for each shard. */
export type ReplicaCounts = number | readonly number[];

/** Returns the number of primaries that `redis-cli --cluster create --cluster-replicas` creates from a number of nodes. */
export function countPrimaries(nodes: number, replicas: ReplicaCounts): number {
  return typeof replicas === "number" ? Math.floor(nodes / (replicas + 1)) : replicas.length;
}

/**
 * Divides nodes into shards as `redis-cli --cluster create` does if every node has its own address (`clusterManagerCommandCreate`
 * in redis-cli.c). The first nodes are the primaries. The other nodes, rotated by one, are assigned in order, `replicas` nodes to
 * each primary. After that, the remaining nodes are assigned, one to each primary.
 *
 * redis-cli has no equivalent of a list of numbers. With a list, the other nodes are assigned in order, without the rotation.
 */
export function layOutShards(nodes: number, replicas: ReplicaCounts): readonly ShardLayout[] {
  const count = countPrimaries(nodes, replicas);
  const others = Array.from({ length: nodes - count }, (_, index) => count + index);
  if (typeof replicas !== "number") {
    return replicas.map((replicaCount, primary) => ({ primary, replicas: others.splice(0, replicaCount) }));
  }
  const unassigned = [...others.slice(1), ...others.slice(0, 1)];
  const shards = Array.from({ length: count }, (_, primary) => ({ primary, replicas: [] as number[] }));
  for (const shard of shards) shard.replicas.push(...unassigned.splice(0, replicas));
  while (unassigned.length > 0) {
    for (const shard of shards) shard.replicas.push(...unassigned.splice(0, 1));
  }
  return shards;
}
