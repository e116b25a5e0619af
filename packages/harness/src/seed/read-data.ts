import { createHash } from "node:crypto";
import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { ask, askAll } from "./ask.ts";
import { isExpiringHash, isHash } from "./canonical-payload.ts";
import {
  type HashField,
  SEED_LIMIT_BYTES,
  type SeedKey,
  seedKey,
  type SeedShard,
  sizeOf,
} from "./dataset.ts";

const KEYS_AT_ONCE = 500;
/** About how many bytes of values a node is asked for at once. */
const BYTES_AT_ONCE = 1024 ** 2;
const FIRST_KEYS = 50;
/** More than SCAN returns at once. */
const MOST_KEYS = 2 * KEYS_AT_ONCE;
const FIELDS_AT_ONCE = 500;

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
  await requireOneDatabase(connection, signal);
  const keys = new Map<string, SeedKey>();
  const read = await valueReader(connection, signal);
  for await (const names of scan(connection, signal)) {
    for await (const { name, value } of read(names)) {
      if (value === undefined) continue;
      const content = value.fields ?? value.payload;
      used.bytes += name.length + sizeOf(content);
      if (used.bytes > SEED_LIMIT_BYTES) throw tooLarge();
      keys.set(name.toString("latin1"), seedKey(name, content, value.ttlMs));
    }
  }
  return { keys, ...(await readFunctions(connection, signal)) };
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
    const [reply] = await askAll(connection, [["SCAN", cursor, "COUNT", KEYS_AT_ONCE]], signal);
    const [next, names] = reply as readonly [Buffer, readonly Buffer[]];
    if (names.length > 0) yield names;
    cursor = String(next);
  } while (cursor !== "0");
}

/** A key's present value. */
export interface PresentValue {
  /** The reply of DUMP. */
  readonly payload: Buffer;
  readonly ttlMs: number | undefined;
  /** The fields of a hash whose fields may expire, or that was asked for by its fields. */
  readonly fields: readonly HashField[] | undefined;
}

/** A key, and its value unless it does not exist. */
interface PresentKey {
  readonly name: Buffer;
  readonly value: PresentValue | undefined;
}

/** Reads the values of some keys, in their order. */
type ValueReader = (names: readonly Buffer[]) => AsyncGenerator<PresentKey>;

/**
 * Returns a reader of values. The reader asks for as many keys at once as their sizes allow, which it learns from the values
 * that it has read.
 *
 * @param byFields whether a hash is also read by its fields if none of them can expire at present.
 */
export async function valueReader(
  connection: NodeConnection,
  signal: AbortSignal,
  byFields: (name: Buffer) => boolean = () => false,
): Promise<ValueReader> {
  const databases = await readKeyspace(connection, signal);
  // Asking for the time to live of each key takes as long as asking for its value.
  const expiring = databases.some(({ expires }) => expires > 0);
  let keysAtOnce = FIRST_KEYS;
  return async function* read(names) {
    for (let from = 0; from < names.length; ) {
      const some = names.slice(from, from + keysAtOnce);
      from += some.length;
      const values = await readValues(connection, some, { byFields, expiring }, signal);
      const bytes = values.reduce((sum, value) => sum + (value?.payload.length ?? 0), 0);
      keysAtOnce = Math.max(1, Math.min(MOST_KEYS, Math.floor((some.length * BYTES_AT_ONCE) / (bytes + 1))));
      yield* some.map((name, index) => ({ name, value: values[index] }));
    }
  };
}

async function readValues(
  connection: NodeConnection,
  names: readonly Buffer[],
  { byFields, expiring }: { readonly byFields: (name: Buffer) => boolean; readonly expiring: boolean },
  signal: AbortSignal,
): Promise<readonly (PresentValue | undefined)[]> {
  const dumps = names.map((name): NodeCommand => ["DUMP", name]);
  const ttls = expiring ? names.map((name): NodeCommand => ["PTTL", name]) : [];
  const replies = await readAnywhere(connection, [...dumps, ...ttls], signal);
  return await Promise.all(
    names.map(async (name, index): Promise<PresentValue | undefined> => {
      const payload = replies[index];
      const ttl = expiring ? replies[names.length + index] : -1;
      if (payload instanceof Error) throw payload;
      if (ttl instanceof Error) throw ttl;
      // -2: it has expired in between.
      if (!Buffer.isBuffer(payload) || Number(ttl) === -2) return undefined;
      const ttlMs = timeToLive(ttl);
      if (!isExpiringHash(payload) && !(isHash(payload) && byFields(name)))
        return { payload, ttlMs, fields: undefined };
      const fields = await readFields(connection, name, signal);
      // A hash whose last field has expired does not exist any more.
      return fields?.length === 0 ? undefined : { payload, ttlMs, fields };
    }),
  );
}

/** Returns undefined if the key does not expire. A rest of less than a millisecond is one: 0 would mean none. */
function timeToLive(reply: unknown): number | undefined {
  return Number(reply) === -1 ? undefined : Math.max(1, Number(reply));
}

/** Reads on a primary or a replica, which refers to its primary without READONLY. */
async function readAnywhere(
  connection: NodeConnection,
  commands: readonly NodeCommand[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const replies = await ask(connection, [["READONLY"], ...commands, ["READWRITE"]], signal);
  return replies.slice(1, -1);
}

/** The fields of a hash; undefined if the key is no hash any more. */
async function readFields(
  connection: NodeConnection,
  name: Buffer,
  signal: AbortSignal,
): Promise<readonly HashField[] | undefined> {
  const [hash] = await readAnywhere(connection, [["HGETALL", name]], signal);
  if (isWrongType(hash)) return undefined;
  if (!Array.isArray(hash)) throw cannotReadFields(connection, name, "HGETALL", hash);
  const names = (hash as readonly Buffer[]).filter((_, index) => index % 2 === 0);
  const requests: NodeCommand[] = [];
  for (let from = 0; from < names.length; from += FIELDS_AT_ONCE) {
    const some = names.slice(from, from + FIELDS_AT_ONCE);
    requests.push(["HPTTL", name, "FIELDS", some.length, ...some]);
  }
  const replies = await readAnywhere(connection, requests, signal);
  if (replies.some(isWrongType)) return undefined;
  const ttls = replies.flatMap((reply): readonly unknown[] => {
    if (!Array.isArray(reply)) throw cannotReadFields(connection, name, "HPTTL", reply);
    return reply;
  });
  return names.flatMap((field, index) =>
    // -2: it has expired in between.
    Number(ttls[index]) === -2
      ? []
      : [{ name: field, value: hash[2 * index + 1] as Buffer, ttlMs: timeToLive(ttls[index]) }],
  );
}

function isWrongType(reply: unknown): boolean {
  return reply instanceof Error && reply.message.startsWith("WRONGTYPE");
}

function cannotReadFields({ node }: NodeConnection, name: Buffer, command: string, reply: unknown): Error {
  return new Error(
    `${node.name} replied to ${command} of the hash ${JSON.stringify(name.toString())}, whose fields may expire: ` +
      `${messageOf(reply)}. Allow HGETALL, HPTTL, HPEXPIRE and HSET to the library, or leave the hash out of the seed.`,
    { cause: reply },
  );
}

/** The libraries of functions, and their digest. Servers before 7.0 have none. */
export async function readFunctions(
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<Pick<SeedShard, "functions" | "libraries">> {
  const commands: readonly NodeCommand[] = [
    ["FUNCTION", "LIST", "WITHCODE"],
    ["FUNCTION", "DUMP"],
  ];
  const [list, dump] = await ask(connection, commands, signal);
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

/** What a server's keyspace contains, by database; databases without keys are left out. */
interface DatabaseKeys {
  readonly database: number;
  readonly keys: number;
  /** How many of the keys expire. */
  readonly expires: number;
}

export async function readKeyspace(
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<readonly DatabaseKeys[]> {
  const [info] = await askAll(connection, [["INFO", "keyspace"]], signal);
  return [...String(info).matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)].map(
    ([, database, keys, expires]) => ({
      database: Number(database),
      keys: Number(keys),
      expires: Number(expires),
    }),
  );
}

async function requireOneDatabase(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  const databases = await readKeyspace(connection, signal);
  const other = databases.find(({ database }) => database !== 0)?.database;
  if (other === undefined) return;
  throw new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed: expected keys in database 0 only, got keys in database ${other}. Move them, or leave them out.`,
  );
}
