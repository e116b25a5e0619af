import { createHash } from "node:crypto";
import { canonicalPayload } from "./canonical-payload.ts";

/** The maximum size of a seed in bytes. It applies to the names and values of all keys together, and to each file. */
export const MAX_SEED_BYTES: number = 64 * 1024 ** 2;

/** A field of a hash whose fields can expire. */
export interface HashField {
  readonly name: Buffer;
  readonly value: Buffer;
  /** The time to live in milliseconds; undefined if the field does not expire. */
  readonly ttlMs: number | undefined;
}

/**
 * The value of a key: the reply of DUMP, or the fields of a hash with fields that expire. DUMP of such a hash contains the times at
 * which they expire, and these times have passed when a later reset restores the hash.
 */
export type SeedValue = Buffer | readonly HashField[];

/** One key of a seed. */
export interface SeedKey {
  readonly name: Buffer;
  readonly value: SeedValue;
  /** The time to live in milliseconds from each restore of the seed; undefined if the key does not expire. */
  readonly ttlMs: number | undefined;
  /** See {@link digestKey}. */
  readonly digest: string;
}

/** The data of one shard. */
export interface SeedShard {
  /** The keys by name. Each character of the name is one byte (latin1). */
  readonly keys: ReadonlyMap<string, SeedKey>;
  /** The reply of FUNCTION DUMP; undefined on servers without functions. */
  readonly functions: Buffer | undefined;
  /** The digest of the function libraries of the shard; empty if there are none. */
  readonly librariesDigest: string;
}

/** The data with which a cluster starts, and which a reset restores. */
export interface SeedData {
  /** The data of each shard, in the order of the shards of the plan. */
  readonly shards: readonly SeedShard[];
  /** The time in milliseconds that restoring and verifying the seed took at the start. Timeouts of resets are based on it. */
  readonly restoreMs: number;
}

/** Returns the SHA-256 digest of a key in base64: of its name, type and value, and of whether the key and its fields expire. */
export function digestKey(name: Buffer, value: SeedValue, expires: boolean): string {
  const head = `${name.length}:${name.toString("latin1")}${expires ? "expires" : "stays"}`;
  const hash = createHash("sha256").update(head, "latin1");
  if (Buffer.isBuffer(value)) return hash.update(canonicalPayload(value)).digest("base64");
  for (const field of value.toSorted((a, b) => Buffer.compare(a.name, b.name))) {
    hash
      .update(`${field.name.length}:${field.value.length}:${field.ttlMs === undefined ? "stays" : "expires"}`)
      .update(field.name)
      .update(field.value);
  }
  return hash.digest("base64");
}

/** Returns a key of a seed with its digest. */
export function seedKey(name: Buffer, value: SeedValue, ttlMs: number | undefined): SeedKey {
  return { name, value, ttlMs, digest: digestKey(name, value, ttlMs !== undefined) };
}

/** Returns whether a key or one of its fields expires. Such a key is always restored with the seed, to renew the time to live. */
export function hasExpiry({ value, ttlMs }: SeedKey): boolean {
  return ttlMs !== undefined || (!Buffer.isBuffer(value) && value.some((field) => field.ttlMs !== undefined));
}

/** Returns whether a key can be missing at any time, because the key or all its fields expire. */
export function canExpireCompletely({ value, ttlMs }: SeedKey): boolean {
  return (
    ttlMs !== undefined || (!Buffer.isBuffer(value) && value.every((field) => field.ttlMs !== undefined))
  );
}

/** Returns the size of a value in bytes. */
export function valueBytes(value: SeedValue): number {
  if (Buffer.isBuffer(value)) return value.length;
  return value.reduce((sum, field) => sum + field.name.length + field.value.length, 0);
}

/** Returns the minimum and maximum number of keys that a node of a shard can have. Keys that expire may already be missing. */
export function keyCountRange({ keys }: SeedShard): { readonly min: number; readonly max: number } {
  const permanent = [...keys.values()].filter((key) => !canExpireCompletely(key));
  return { min: permanent.length, max: keys.size };
}

/** Returns a seed as text for another process. The text contains the digests, so that both processes compare with the same ones. */
export function encodeSeed({ shards, restoreMs }: SeedData): string {
  return JSON.stringify({
    restoreMs,
    shards: shards.map(({ keys, functions, librariesDigest }) => ({
      libraries: librariesDigest,
      functions: functions?.toString("base64"),
      keys: [...keys.values()].map(({ name, value, ttlMs, digest }) => [
        name.toString("base64"),
        encodeValue(value),
        ttlMs ?? null,
        digest,
      ]),
    })),
  });
}

type EncodedValue = string | readonly (readonly [name: string, value: string, ttlMs: number | null])[];

function encodeValue(value: SeedValue): EncodedValue {
  if (Buffer.isBuffer(value)) return value.toString("base64");
  return value.map((field) => [
    field.name.toString("base64"),
    field.value.toString("base64"),
    field.ttlMs ?? null,
  ]);
}

function decodeValue(value: EncodedValue): SeedValue {
  if (typeof value === "string") return Buffer.from(value, "base64");
  return value.map(([name, fieldValue, ttlMs]) => ({
    name: Buffer.from(name, "base64"),
    value: Buffer.from(fieldValue, "base64"),
    ttlMs: ttlMs ?? undefined,
  }));
}

/** The format of {@link encodeSeed}, which other processes read. Binary data are in base64. */
interface EncodedSeed {
  readonly restoreMs: number;
  readonly shards: readonly {
    readonly libraries: string;
    readonly functions?: string;
    readonly keys: readonly (readonly [
      name: string,
      value: EncodedValue,
      ttlMs: number | null,
      digest: string,
    ])[];
  }[];
}

/** Returns the seed that {@link encodeSeed} has encoded. */
export function decodeSeed(text: string): SeedData {
  const { restoreMs, shards } = JSON.parse(text) as EncodedSeed;
  const decodeBytes = (base64: string): Buffer => Buffer.from(base64, "base64");
  return {
    restoreMs,
    shards: shards.map(({ keys, functions, libraries }) => ({
      librariesDigest: libraries,
      functions: functions === undefined ? undefined : decodeBytes(functions),
      keys: new Map(
        keys.map(([encodedName, value, ttlMs, digest]) => {
          const name = decodeBytes(encodedName);
          const key = { name, value: decodeValue(value), ttlMs: ttlMs ?? undefined, digest };
          return [name.toString("latin1"), key] as const;
        }),
      ),
    })),
  };
}
