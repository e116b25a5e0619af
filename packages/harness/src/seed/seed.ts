import type { Cluster } from "ioredis";

/** Writes the data of a cluster. It receives the client that is `cluster.client` later. */
export type SeedFunction = (client: Cluster) => unknown;

/**
 * The data that a cluster starts with, and that `reset()` returns to:
 *
 * - a function, which may write anything. It is awaited;
 * - `{ commands }`: a text file with one command a line, quoted as for redis-cli. Empty lines and lines that begin with `#`
 *   are skipped. Each command goes to the primary of its keys, one without keys to every primary;
 * - `{ rdb }`: an RDB file (`dump.rdb`) for each primary, in the order of the shards;
 * - `{ aof }`: an append-only file for each primary, or its folder if it has several parts (`appendonlydir`).
 *
 * A key of a file goes to whichever primary serves its slot. Paths are relative to the working directory.
 */
export type Seed =
  | SeedFunction
  | { readonly commands: string }
  | { readonly rdb: readonly string[] }
  | { readonly aof: readonly string[] };
