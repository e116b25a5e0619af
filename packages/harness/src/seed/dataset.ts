import { createHash } from "node:crypto";
import { canonicalPayload } from "./canonical-payload.ts";

/** The most that a seed may have: names and values of all keys together, or one file. */
export const SEED_LIMIT_BYTES: number = 64 * 1024 ** 2;

/** A field of a hash whose fields can expire. */
export interface HashField {
  readonly name: Buffer;
  readonly value: Buffer;
  /** Milliseconds; undefined if the field does not expire. */
  readonly ttlMs: number | undefined;
}

/**
 * The reply of DUMP; or the fields of a hash, if DUMP would return the moments at which fields expire: at a later return to
 * the seed these are in the past.
 */
export type SeedValue = Buffer | readonly HashField[];

/** One key of a seed. */
export interface SeedKey {
  readonly name: Buffer;
  readonly value: SeedValue;
  /** How long it is to live from each return to the seed; undefined if it does not expire. */
  readonly ttlMs: number | undefined;
  /** See {@link digestOf}. */
  readonly digest: string;
}

/** The data of one shard. */
export interface SeedShard {
  /** By name, one character a byte. */
  readonly keys: ReadonlyMap<string, SeedKey>;
  /** The reply of FUNCTION DUMP; undefined on servers without functions. */
  readonly functions: Buffer | undefined;
  /** The digest of its libraries of functions. */
  readonly libraries: string;
}

/** The data that a cluster starts with, and that a reset returns to. */
export interface SeedData {
  /** In the order of the plan's shards. */
  readonly shards: readonly SeedShard[];
  /** How long restoring and verifying it took at the start, in milliseconds: a measure for later limits. */
  readonly restoreMs: number;
}

/** The SHA-256 digest of a key: its name, type and value, and whether it and its fields expire. */
export function digestOf(name: Buffer, value: SeedValue, expires: boolean): string {
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

export function seedKey(name: Buffer, value: SeedValue, ttlMs: number | undefined): SeedKey {
  return { name, value, ttlMs, digest: digestOf(name, value, ttlMs !== undefined) };
}

/** Returns whether a key or one of its fields expires: each return to the seed restores it then. */
export function hasExpiry({ value, ttlMs }: SeedKey): boolean {
  return ttlMs !== undefined || (!Buffer.isBuffer(value) && value.some((field) => field.ttlMs !== undefined));
}

/** Returns whether a key may be gone at any time: because it expires, or because all its fields do. */
export function mayBeGone({ value, ttlMs }: SeedKey): boolean {
  return (
    ttlMs !== undefined || (!Buffer.isBuffer(value) && value.every((field) => field.ttlMs !== undefined))
  );
}

/** Returns the number of bytes of a value. */
export function sizeOf(value: SeedValue): number {
  if (Buffer.isBuffer(value)) return value.length;
  return value.reduce((sum, field) => sum + field.name.length + field.value.length, 0);
}

/** The least and the greatest number of keys that a node may have: keys that expire may be gone already. */
export function keyRange({ keys }: SeedShard): { readonly least: number; readonly most: number } {
  const lasting = [...keys.values()].filter((key) => !mayBeGone(key));
  return { least: lasting.length, most: keys.size };
}

/** A seed as text, for another process, which verifies by the digests of this one. */
export function encodeSeed({ shards, restoreMs }: SeedData): string {
  return JSON.stringify({
    restoreMs,
    shards: shards.map(({ keys, functions, libraries }) => ({
      libraries,
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
  return value.map(([name, content, ttlMs]) => ({
    name: Buffer.from(name, "base64"),
    value: Buffer.from(content, "base64"),
    ttlMs: ttlMs ?? undefined,
  }));
}

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

export function decodeSeed(text: string): SeedData {
  const { restoreMs, shards } = JSON.parse(text) as EncodedSeed;
  const bytes = (base64: string): Buffer => Buffer.from(base64, "base64");
  return {
    restoreMs,
    shards: shards.map(({ keys, functions, libraries }) => ({
      libraries,
      functions: functions === undefined ? undefined : bytes(functions),
      keys: new Map(
        keys.map(([encoded, value, ttlMs, digest]) => {
          const name = bytes(encoded);
          const key = { name, value: decodeValue(value), ttlMs: ttlMs ?? undefined, digest };
          return [name.toString("latin1"), key] as const;
        }),
      ),
    })),
  };
}
