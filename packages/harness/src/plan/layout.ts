/** Which nodes lead a shard and which follow them, by index. */
export interface ShardLayout {
  readonly primary: number;
  readonly replicas: readonly number[];
}

/** Replicas of every shard: one number for all shards, or one number for each. */
export type ReplicaCounts = number | readonly number[];

/** Number of primaries that `redis-cli --cluster create --cluster-replicas` creates from the given nodes. */
export function primaryCount(nodes: number, replicas: ReplicaCounts): number {
  return typeof replicas === "number" ? Math.floor(nodes / (replicas + 1)) : replicas.length;
}

/**
 * The layout of `redis-cli --cluster create` if every node has its own address: the first nodes are the
 * primaries; the rest, rotated by one, are dealt out in order, `replicas` to each primary; spare nodes are dealt
 * out after that, one to each primary (`clusterManagerCommandCreate` in redis-cli.c).
 *
 * redis-cli has no equivalent of a list of counts: there the rest is dealt out in order, without a rotation.
 */
export function layOutShards(nodes: number, replicas: ReplicaCounts): readonly ShardLayout[] {
  const count = primaryCount(nodes, replicas);
  const rest = Array.from({ length: nodes - count }, (_, index) => count + index);
  if (typeof replicas !== "number") {
    return replicas.map((each, primary) => ({ primary, replicas: rest.splice(0, each) }));
  }
  const dealt = [...rest.slice(1), ...rest.slice(0, 1)];
  const shards = Array.from({ length: count }, (_, primary) => ({ primary, replicas: [] as number[] }));
  for (const shard of shards) shard.replicas.push(...dealt.splice(0, replicas));
  while (dealt.length > 0) for (const shard of shards) shard.replicas.push(...dealt.splice(0, 1));
  return shards;
}
