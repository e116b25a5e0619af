import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { keySlotOfBytes } from "../plan/slots.ts";
import type { SeedKey, SeedShard } from "./dataset.ts";

/** The data of one file. */
export interface LoadedFile {
  readonly path: string;
  readonly data: SeedShard;
}

/**
 * Distributes the data of files, one for each shard: keys to the shards that serve their slots, functions to the shard of
 * their file.
 *
 * @throws RedisClusterError START_FAILED if a key is in two files.
 */
export function distribute(
  { shards }: Pick<ClusterPlan, "shards">,
  files: readonly LoadedFile[],
): readonly SeedShard[] {
  const keys = shards.map(() => new Map<string, SeedKey>());
  for (const { path, data } of files) {
    for (const [name, key] of data.keys) {
      const slot = keySlotOfBytes(key.name);
      const shard = shards.findIndex(({ slots }) => slot >= slots.first && slot <= slots.last);
      const into = keys[shard] as Map<string, SeedKey>;
      if (into.has(name)) throw inTwoFiles(key, path);
      into.set(name, key);
    }
  }
  return files.map(({ data }, index) => ({ ...data, keys: keys[index] as Map<string, SeedKey> }));
}

function inTwoFiles({ name }: SeedKey, path: string): RedisClusterError {
  return new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed: expected each key in one file, got ${JSON.stringify(name.toString())} in ${JSON.stringify(path)} and in a file before it. ` +
      "Use the file of each primary once, and none of a replica.",
    { details: { file: path } },
  );
}
