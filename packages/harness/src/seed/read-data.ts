import { createHash } from "node:crypto";
import type { NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError } from "../errors.ts";
import { SEED_LIMIT_BYTES, type SeedKey, seedKey, type SeedShard } from "./dataset.ts";

const KEYS_AT_ONCE = 500;

/**
 * Reads all data of one server: every key with its value and time to live, and the libraries of functions.
 *
 * @param used bytes that other servers' data have taken of the limit. It is counted on.
 * @throws RedisClusterError START_FAILED if it is more than a seed may have, or lies in another database than 0.
 */
export async function readData(
  connection: NodeConnection,
  used: { bytes: number },
  signal: AbortSignal,
): Promise<SeedShard> {
  await requireOneDatabase(connection);
  const keys = new Map<string, SeedKey>();
  for await (const names of scan(connection, signal)) {
    const values = await readValues(connection, names);
    for (const [index, value] of values.entries()) {
      const name = names[index] as Buffer;
      if (value === undefined) continue;
      used.bytes += name.length + value.payload.length;
      keys.set(name.toString("latin1"), seedKey(name, value.payload, value.ttlMs));
    }
    if (used.bytes > SEED_LIMIT_BYTES) throw tooLarge();
  }
  return { keys, ...(await readFunctions(connection)) };
}

function tooLarge(): RedisClusterError {
  return new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed: expected at most ${SEED_LIMIT_BYTES / 1024 ** 2} MiB of names and values in all shards together, got more. ` +
      "Use fewer data for a test.",
  );
}

/** The names of all keys, some at a time. A name may come twice (SCAN). */
export async function* scan(
  connection: NodeConnection,
  signal: AbortSignal,
): AsyncGenerator<readonly Buffer[]> {
  let cursor = "0";
  do {
    signal.throwIfAborted();
    const [reply] = await connection.bytes([["SCAN", cursor, "COUNT", KEYS_AT_ONCE]]);
    if (reply instanceof Error) throw reply;
    const [next, names] = reply as readonly [Buffer, readonly Buffer[]];
    if (names.length > 0) yield names;
    cursor = String(next);
  } while (cursor !== "0");
}

/** A key's present value. */
interface Value {
  readonly payload: Buffer;
  readonly ttlMs: number | undefined;
}

/** The values of some keys, in their order; undefined of a key that does not exist. */
export async function readValues(
  connection: NodeConnection,
  names: readonly Buffer[],
): Promise<readonly (Value | undefined)[]> {
  const replies = await connection.bytes([
    // A replica refers to its primary otherwise. On a primary it has no effect.
    ["READONLY"],
    ...names.flatMap((name) => [["DUMP", name] as const, ["PTTL", name] as const]),
    ["READWRITE"],
  ]);
  return names.map((_, index) => {
    const [payload, ttl] = replies.slice(1 + 2 * index, 3 + 2 * index);
    if (payload instanceof Error) throw payload;
    if (ttl instanceof Error) throw ttl;
    // -2: it has expired in between.
    if (!Buffer.isBuffer(payload) || Number(ttl) === -2) return undefined;
    return { payload, ttlMs: Number(ttl) === -1 ? undefined : Number(ttl) };
  });
}

/** The libraries of functions, and their digest. Servers before 7.0 have none. */
export async function readFunctions(
  connection: NodeConnection,
): Promise<Pick<SeedShard, "functions" | "libraries">> {
  const [list, dump] = await connection.bytes([
    ["FUNCTION", "LIST", "WITHCODE"],
    ["FUNCTION", "DUMP"],
  ]);
  if (!Array.isArray(list) || !Buffer.isBuffer(dump)) return { functions: undefined, libraries: "" };
  // Name, engine and code of each; the order of the list differs from process to process.
  const libraries = (list as readonly (readonly unknown[])[]).map((fields) => {
    const field = (name: string): string =>
      String(fields[fields.findIndex((each) => Buffer.isBuffer(each) && String(each) === name) + 1]);
    return JSON.stringify(["library_name", "engine", "library_code"].map(field));
  });
  const digest = createHash("sha256").update(libraries.toSorted().join("\n")).digest("base64");
  return { functions: dump, libraries: libraries.length === 0 ? "" : digest };
}

async function requireOneDatabase(connection: NodeConnection): Promise<void> {
  const keyspace = await connection.text("INFO", "keyspace");
  const other = /^db([1-9]\d*):/m.exec(keyspace)?.[1];
  if (other === undefined) return;
  throw new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed: expected keys in database 0 only, got keys in database ${other}. Move them, or leave them out.`,
  );
}
