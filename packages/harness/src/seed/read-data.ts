import { createHash } from "node:crypto";
import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { isExpiringHash, isHash } from "./canonical-payload.ts";
import {
  type HashField,
  MAX_SEED_BYTES,
  type SeedKey,
  seedKey,
  type SeedShard,
  valueBytes,
} from "./dataset.ts";
import { sendCommands, sendCommandsOrThrow } from "./send-commands.ts";

const SCAN_COUNT = 500;
/** The approximate number of bytes of values that one request reads. */
const BYTES_PER_REQUEST = 1024 ** 2;
const INITIAL_KEYS_PER_REQUEST = 50;
/** More keys than SCAN returns in one reply. */
const MAX_KEYS_PER_REQUEST = 2 * SCAN_COUNT;
const FIELDS_PER_REQUEST = 500;

/**
 * Reads all data of one server: each key with its value and time to live, and the function libraries.
 *
 * @param seedSize the size of the seed so far, in bytes, including the data of other servers. The size of each key is added to it.
 * @throws RedisClusterError START_FAILED if the seed is larger than {@link MAX_SEED_BYTES}, or if a database other than 0 has keys.
 */
export async function readData(
  connection: NodeConnection,
  seedSize: { bytes: number },
  signal: AbortSignal,
): Promise<SeedShard> {
  await requireKeysInDatabase0(connection, signal);
  const keys = new Map<string, SeedKey>();
  const readValues = await createValueReader(connection, signal);
  for await (const names of scanKeys(connection, signal)) {
    for await (const { name, value } of readValues(names)) {
      if (value === undefined) continue;
      const content = value.fields ?? value.payload;
      seedSize.bytes += name.length + valueBytes(content);
      if (seedSize.bytes > MAX_SEED_BYTES) throw seedTooLargeError();
      keys.set(name.toString("latin1"), seedKey(name, content, value.ttlMs));
    }
  }
  return { keys, ...(await readFunctions(connection, signal)) };
}

function seedTooLargeError(): RedisClusterError {
  return new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed: expected at most ${MAX_SEED_BYTES / 1024 ** 2} MiB of names and values in all shards together, got more. ` +
      "Use less data.",
  );
}

/** Iterates over the names of all keys of a server, in batches. A name may appear twice, because SCAN does not exclude that. */
export async function* scanKeys(
  connection: NodeConnection,
  signal: AbortSignal,
): AsyncGenerator<readonly Buffer[]> {
  let cursor = "0";
  do {
    const [reply] = await sendCommandsOrThrow(connection, [["SCAN", cursor, "COUNT", SCAN_COUNT]], signal);
    const [nextCursor, names] = reply as readonly [Buffer, readonly Buffer[]];
    if (names.length > 0) yield names;
    cursor = String(nextCursor);
  } while (cursor !== "0");
}

/** The current value of a key. */
export interface CurrentValue {
  /** The reply of DUMP. */
  readonly payload: Buffer;
  /** The time to live in milliseconds; undefined if the key does not expire. */
  readonly ttlMs: number | undefined;
  /** The fields of a hash whose fields can expire, or of a hash that is read by its fields; otherwise undefined. */
  readonly fields: readonly HashField[] | undefined;
}

/** A key and its current value, which is undefined if the key does not exist any more. */
interface CurrentKey {
  readonly name: Buffer;
  readonly value: CurrentValue | undefined;
}

/** Reads the values of the given keys and returns them in the order of the keys. */
type ValueReader = (names: readonly Buffer[]) => AsyncGenerator<CurrentKey>;

/**
 * Returns a reader of values. It adapts the number of keys in each request to the sizes of the values that it has read.
 *
 * @param isReadByFields returns whether a key is read by its fields if it is a hash, even if none of its fields can expire now.
 */
export async function createValueReader(
  connection: NodeConnection,
  signal: AbortSignal,
  isReadByFields: (name: Buffer) => boolean = () => false,
): Promise<ValueReader> {
  const databases = await readKeyspace(connection, signal);
  // Reading the time to live of a key takes as long as reading its value.
  const hasExpiringKeys = databases.some(({ expires }) => expires > 0);
  let keysPerRequest = INITIAL_KEYS_PER_REQUEST;
  return async function* read(names) {
    for (let from = 0; from < names.length; ) {
      const batch = names.slice(from, from + keysPerRequest);
      from += batch.length;
      const values = await readBatch(connection, batch, { isReadByFields, hasExpiringKeys }, signal);
      const bytes = values.reduce((sum, value) => sum + (value?.payload.length ?? 0), 0);
      const fittingKeys = Math.floor((batch.length * BYTES_PER_REQUEST) / (bytes + 1));
      keysPerRequest = Math.max(1, Math.min(MAX_KEYS_PER_REQUEST, fittingKeys));
      yield* batch.map((name, index) => ({ name, value: values[index] }));
    }
  };
}

async function readBatch(
  connection: NodeConnection,
  names: readonly Buffer[],
  {
    isReadByFields,
    hasExpiringKeys,
  }: { readonly isReadByFields: (name: Buffer) => boolean; readonly hasExpiringKeys: boolean },
  signal: AbortSignal,
): Promise<readonly (CurrentValue | undefined)[]> {
  const dumps = names.map((name): NodeCommand => ["DUMP", name]);
  const ttls = hasExpiringKeys ? names.map((name): NodeCommand => ["PTTL", name]) : [];
  const replies = await readFromAnyRole(connection, [...dumps, ...ttls], signal);
  return await Promise.all(
    names.map(async (name, index): Promise<CurrentValue | undefined> => {
      const payload = replies[index];
      const ttl = hasExpiringKeys ? replies[names.length + index] : -1;
      if (payload instanceof Error) throw payload;
      if (ttl instanceof Error) throw ttl;
      // -2: the key has expired after the DUMP.
      if (!Buffer.isBuffer(payload) || Number(ttl) === -2) return undefined;
      const ttlMs = parseTtl(ttl);
      if (!isExpiringHash(payload) && !(isHash(payload) && isReadByFields(name)))
        return { payload, ttlMs, fields: undefined };
      const fields = await readFields(connection, name, signal);
      // The last field of the hash has expired, so the hash does not exist any more.
      return fields?.length === 0 ? undefined : { payload, ttlMs, fields };
    }),
  );
}

/**
 * Returns the time to live of a PTTL or HPTTL reply in milliseconds; undefined if the key or field does not expire. The minimum is
 * 1, because 0 would mean no expiry when the value is restored.
 */
function parseTtl(reply: unknown): number | undefined {
  return Number(reply) === -1 ? undefined : Math.max(1, Number(reply));
}

/** Sends read commands to a primary or a replica. Without READONLY, a replica would redirect them to its primary. */
async function readFromAnyRole(
  connection: NodeConnection,
  commands: readonly NodeCommand[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const replies = await sendCommands(connection, [["READONLY"], ...commands, ["READWRITE"]], signal);
  return replies.slice(1, -1);
}

/** Returns the fields of a hash; undefined if the key is not a hash any more. */
async function readFields(
  connection: NodeConnection,
  name: Buffer,
  signal: AbortSignal,
): Promise<readonly HashField[] | undefined> {
  const [hash] = await readFromAnyRole(connection, [["HGETALL", name]], signal);
  if (isWrongType(hash)) return undefined;
  if (!Array.isArray(hash)) throw readFieldsError(connection, name, "HGETALL", hash);
  const fieldNames = (hash as readonly Buffer[]).filter((_, index) => index % 2 === 0);
  const commands: NodeCommand[] = [];
  for (let from = 0; from < fieldNames.length; from += FIELDS_PER_REQUEST) {
    const batch = fieldNames.slice(from, from + FIELDS_PER_REQUEST);
    commands.push(["HPTTL", name, "FIELDS", batch.length, ...batch]);
  }
  const replies = await readFromAnyRole(connection, commands, signal);
  if (replies.some(isWrongType)) return undefined;
  const ttls = replies.flatMap((reply): readonly unknown[] => {
    if (!Array.isArray(reply)) throw readFieldsError(connection, name, "HPTTL", reply);
    return reply;
  });
  return fieldNames.flatMap((field, index) =>
    // -2: the field has expired after the HGETALL.
    Number(ttls[index]) === -2
      ? []
      : [{ name: field, value: hash[2 * index + 1] as Buffer, ttlMs: parseTtl(ttls[index]) }],
  );
}

function isWrongType(reply: unknown): boolean {
  return reply instanceof Error && reply.message.startsWith("WRONGTYPE");
}

function readFieldsError({ node }: NodeConnection, name: Buffer, command: string, reply: unknown): Error {
  return new Error(
    `Reading the fields of the hash ${JSON.stringify(name.toString())} failed: ${node.name} replied to ${command}: ` +
      `${messageOf(reply)}. The fields of this hash may expire: allow the library to use HGETALL, HPTTL, HPEXPIRE and HSET, or ` +
      "remove the hash from the seed.",
    { cause: reply },
  );
}

/** Reads the function libraries of a server, and their digest. Servers before 7.0 have no functions. */
export async function readFunctions(
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<Pick<SeedShard, "functions" | "librariesDigest">> {
  const commands: readonly NodeCommand[] = [
    ["FUNCTION", "LIST", "WITHCODE"],
    ["FUNCTION", "DUMP"],
  ];
  const [list, dump] = await sendCommands(connection, commands, signal);
  if (!Array.isArray(list) || !Buffer.isBuffer(dump)) return { functions: undefined, librariesDigest: "" };
  // The order of the list differs between processes, so the libraries are sorted.
  const libraries = (list as readonly (readonly unknown[])[]).map((fields) => {
    const readField = (name: string): string =>
      String(fields[fields.findIndex((field) => Buffer.isBuffer(field) && String(field) === name) + 1]);
    return JSON.stringify(["library_name", "engine", "library_code"].map(readField));
  });
  const digest = createHash("sha256").update(libraries.toSorted().join("\n")).digest("base64");
  return { functions: dump, librariesDigest: libraries.length === 0 ? "" : digest };
}

/** The keys of one database. */
interface DatabaseKeys {
  readonly database: number;
  /** The number of keys. */
  readonly keys: number;
  /** The number of keys that expire. */
  readonly expires: number;
}

/** Reads which databases of a server have keys. Databases without keys are not returned. */
export async function readKeyspace(
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<readonly DatabaseKeys[]> {
  const [info] = await sendCommandsOrThrow(connection, [["INFO", "keyspace"]], signal);
  return [...String(info).matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)].map(
    ([, database, keys, expires]) => ({
      database: Number(database),
      keys: Number(keys),
      expires: Number(expires),
    }),
  );
}

async function requireKeysInDatabase0(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  const databases = await readKeyspace(connection, signal);
  const other = databases.find(({ database }) => database !== 0)?.database;
  if (other === undefined) return;
  throw new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed: expected keys only in database 0, got keys in database ${other}. Move them to database 0, or remove them.`,
  );
}
