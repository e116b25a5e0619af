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
 * Distributes the data of files to the shards: each key to the shard that serves its slot, and functions to the shard with the index
 * of their file.
 *
 * @param files one file for each shard.
 * @throws RedisClusterError START_FAILED if a key is in two files.
 */
export function distribute(
  { shards }: Pick<ClusterPlan, "shards">,
  files: readonly LoadedFile[],
): readonly SeedShard[] {
  const keysByShard = shards.map(() => new Map<string, SeedKey>());
  for (const { path, data } of files) {
    for (const [name, key] of data.keys) {
      const slot = keySlotOfBytes(key.name);
      const shard = shards.findIndex(({ slots }) => slot >= slots.first && slot <= slots.last);
      const keys = keysByShard[shard] as Map<string, SeedKey>;
      if (keys.has(name)) throw duplicateKeyError(key, path);
      keys.set(name, key);
    }
  }
  return files.map(({ data }, index) => ({ ...data, keys: keysByShard[index] as Map<string, SeedKey> }));
}

function duplicateKeyError({ name }: SeedKey, path: string): RedisClusterError {
  return new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed: expected each key in only one file, got ${JSON.stringify(name.toString())} in ${JSON.stringify(path)} and in an earlier file. ` +
      "Use one file of each primary, and no file of a replica.",
    { details: { file: path } },
  );
}
