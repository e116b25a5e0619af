import { createHash } from "node:crypto";
import { canonicalPayload } from "./canonical-payload.ts";

/** The most that a seed may have: names and values of all keys together, or one file. */
export const SEED_LIMIT_BYTES: number = 64 * 1024 ** 2;

/** One key of a seed. */
export interface SeedKey {
  readonly name: Buffer;
  /** The reply of DUMP. */
  readonly payload: Buffer;
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

/** The SHA-256 digest of a key: its name, type and value, and whether it expires. */
export function digestOf(name: Buffer, payload: Buffer, expires: boolean): string {
  return createHash("sha256")
    .update(`${name.length}:`)
    .update(name)
    .update(expires ? "expires" : "stays")
    .update(canonicalPayload(payload))
    .digest("base64");
}

export function seedKey(name: Buffer, payload: Buffer, ttlMs: number | undefined): SeedKey {
  return { name, payload, ttlMs, digest: digestOf(name, payload, ttlMs !== undefined) };
}

/** The least and the greatest number of keys that a node may have: keys that expire may be gone already. */
export function keyRange({ keys }: SeedShard): { readonly least: number; readonly most: number } {
  const lasting = [...keys.values()].filter(({ ttlMs }) => ttlMs === undefined);
  return { least: lasting.length, most: keys.size };
}

/** A seed as text, for another process, which verifies by the digests of this one. */
export function encodeSeed({ shards, restoreMs }: SeedData): string {
  return JSON.stringify({
    restoreMs,
    shards: shards.map(({ keys, functions, libraries }) => ({
      libraries,
      functions: functions?.toString("base64"),
      keys: [...keys.values()].map(({ name, payload, ttlMs, digest }) => [
        name.toString("base64"),
        payload.toString("base64"),
        ttlMs ?? null,
        digest,
      ]),
    })),
  });
}

interface EncodedSeed {
  readonly restoreMs: number;
  readonly shards: readonly {
    readonly libraries: string;
    readonly functions?: string;
    readonly keys: readonly (readonly [
      name: string,
      payload: string,
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
        keys.map(([encoded, payload, ttlMs, digest]) => {
          const name = bytes(encoded);
          const key = { name, payload: bytes(payload), ttlMs: ttlMs ?? undefined, digest };
          return [name.toString("latin1"), key] as const;
        }),
      ),
    })),
  };
}
