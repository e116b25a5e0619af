import type { Cluster } from "ioredis";

/**
 * Writes the data of a cluster. The start waits until the returned promise resolves.
 *
 * @param client the client that is later `cluster.client`.
 */
export type SeedFunction = (client: Cluster) => unknown;

/**
 * The data with which a cluster starts, and which `reset()` restores:
 *
 * - a function that writes the data with a client;
 * - `{ commands }`: the path of a text file with one command per line, quoted as for redis-cli. Empty lines and lines that begin
 *   with `#` are skipped. Each command is sent to the primary of its keys. A command without keys is sent to every primary;
 * - `{ rdb }`: the paths of RDB files (`dump.rdb`), one for each primary, in the order of the shards;
 * - `{ aof }`: the paths of append-only files, one for each primary, in the order of the shards. For an append-only file in several
 *   parts it is the path of its folder (`appendonlydir`).
 *
 * Each key of an RDB or append-only file is restored on the primary that serves its slot. Paths are relative to the working
 * directory.
 */
export type Seed =
  | SeedFunction
  | { readonly commands: string }
  | { readonly rdb: readonly string[] }
  | { readonly aof: readonly string[] };
