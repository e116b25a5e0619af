/** Which nodes lead a shard and which follow them, by index. */
export interface ShardLayout {
  readonly primary: number;
  readonly replicas: readonly number[];
}

/** Number of primaries that `redis-cli --cluster create --cluster-replicas` makes of so many nodes. */
export function primaryCount(nodes: number, replicas: number): number {
  return Math.floor(nodes / (replicas + 1));
}

/**
 * The layout of `redis-cli --cluster create` where every node has an address of its own: the first nodes are the
 * primaries; the rest, rotated by one, are dealt out in order, `replicas` to each primary; what is left over goes
 * round again, one to each. (`clusterManagerCommandCreate` in redis-cli.c.)
 */
export function layOutShards(nodes: number, replicas: number): readonly ShardLayout[] {
  const count = primaryCount(nodes, replicas);
  const rest = Array.from({ length: nodes - count }, (_, index) => count + index);
  const dealt = [...rest.slice(1), ...rest.slice(0, 1)];
  const shards = Array.from({ length: count }, (_, primary) => ({ primary, replicas: [] as number[] }));
  for (const shard of shards) shard.replicas.push(...dealt.splice(0, replicas));
  while (dealt.length > 0) for (const shard of shards) shard.replicas.push(...dealt.splice(0, 1));
  return shards;
}
