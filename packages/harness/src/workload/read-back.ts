import type { Cluster } from "ioredis";
import { messageOf } from "../errors.ts";
import { poll } from "../timing/retry.ts";
import type { Keyspace } from "./keyspace.ts";
import { WRITE_KINDS, type WriteKind } from "./ledger.ts";
import type { OperationLog } from "./operation-log.ts";
import { decodeValue, formatToken } from "./token.ts";

/** Commands under way at the same time. */
const LANES = 4;
/** Values in one reply, and about how many bytes it may have. */
const MOST_VALUES = 256;
const MOST_BYTES = 1_048_576;

/** A value that is none of its key's writer. */
export interface ForeignValue {
  readonly kind: WriteKind;
  readonly key: number;
  readonly name: string;
  readonly value: string;
}

/** All that was there at the end. */
export interface ReadBack {
  /** By kind and key number: the sequences found, in their order and as often as found. Of counters: nothing. */
  readonly sequences: Readonly<Record<WriteKind, readonly (readonly number[])[]>>;
  /** By key number; 0 where there is none. */
  readonly counters: readonly number[];
  readonly foreign: readonly ForeignValue[];
}

/**
 * Reads back, from the primaries, every key that was written to. A read that fails is repeated until it is answered.
 * Rejects with the last error when the signal ends it.
 */
export async function readBack(
  client: Cluster,
  keyspace: Keyspace,
  log: OperationLog,
  valueBytes: number,
  signal: AbortSignal,
): Promise<ReadBack> {
  const lists = (): number[][] => Array.from({ length: keyspace.keys }, () => []);
  const sequences = Object.fromEntries(WRITE_KINDS.map((kind) => [kind, lists()])) as Record<
    WriteKind,
    number[][]
  >;
  const counters = Array.from({ length: keyspace.keys }, () => 0);
  const foreign: ForeignValue[] = [];
  const batch = Math.max(1, Math.min(MOST_VALUES, Math.floor(MOST_BYTES / valueBytes)));
  const ask = answers(signal);

  /** A key that somebody has replaced by one of another type holds nothing of the workload. */
  const replaced = (kind: WriteKind, key: number, name: string): void => {
    foreign.push({ kind, key, name, value: "a value of another type" });
  };
  const note = (kind: WriteKind, key: number, name: string, value: string, expected?: number): void => {
    const token = decodeValue(value);
    const own = token?.writer === keyspace.writerOf(key) && (expected ?? token.sequence) === token.sequence;
    if (token !== undefined && own) sequences[kind][key]?.push(token.sequence);
    else foreign.push({ kind, key, name, value });
  };

  const readers: Readonly<Record<WriteKind, (key: number, written: readonly number[]) => Promise<void>>> = {
    set: async (key, written) => {
      // All keys of one number are in one slot, so that MGET may ask for many of them.
      for (let from = 0; from < written.length; from += batch) {
        const part = written.slice(from, from + batch);
        const names = part.map((each) =>
          keyspace.name("set", key, formatToken(keyspace.writerOf(key), each)),
        );
        const values = await manyValues(client, names, ask);
        for (const [index, value] of values.entries()) {
          if (value !== null) note("set", key, names[index] as string, value, part[index]);
        }
      }
    },
    append: async (key) => {
      const name = keyspace.name("append", key, "");
      for (let from = 0; ; from += batch) {
        const values = await ask(() => client.lrange(name, from, from + batch - 1));
        if (values === WRONG_TYPE) return replaced("append", key, name);
        for (const value of values) note("append", key, name, value);
        if (values.length < batch) return;
      }
    },
    member: async (key) => {
      const name = keyspace.name("member", key, "");
      // SSCAN may give a member twice, which says nothing.
      const members = new Set<string>();
      let cursor = "0";
      do {
        const scanned = await ask(() => client.sscan(name, cursor, "COUNT", batch));
        if (scanned === WRONG_TYPE) return replaced("member", key, name);
        const [next, values] = scanned;
        for (const value of values) members.add(value);
        cursor = next;
      } while (cursor !== "0");
      for (const value of members) note("member", key, name, value);
    },
    counter: async (key) => {
      const name = keyspace.name("counter", key, "");
      const value = await ask(() => client.get(name));
      if (value === WRONG_TYPE) return replaced("counter", key, name);
      const count = parseCount(value);
      if (count !== undefined) counters[key] = count;
      else foreign.push({ kind: "counter", key, name, value: String(value) });
    },
    register: async (key) => {
      const name = keyspace.name("register", key, "");
      const value = await ask(() => client.get(name));
      if (value === WRONG_TYPE) return replaced("register", key, name);
      if (value !== null) note("register", key, name, value);
    },
  };

  const written = writtenKeys(log, keyspace.keys);
  const work = WRITE_KINDS.flatMap((kind) =>
    [...written[kind].entries()].flatMap(([key, own]) => (own.length === 0 ? [] : [{ kind, key, own }])),
  ).values();
  const lane = async (): Promise<void> => {
    // The lanes share one iterator, so that each takes what is next.
    for (const { kind, key, own } of work) await readers[kind](key, own);
  };
  // Each question ends with the signal, and tells why it had no answer.
  await Promise.all(Array.from({ length: LANES }, lane));
  return { sequences, counters, foreign };
}

/** The values of keys of one slot; null for a key that is not there or is of another type. */
async function manyValues(
  client: Cluster,
  names: readonly string[],
  ask: Answers,
): Promise<readonly (string | null)[]> {
  const together = await ask(async () => {
    try {
      return await client.mget([...names]);
    } catch (error) {
      // The slot is being migrated, and the keys are on two nodes: MGET is refused until the migration ends
      // (`getNodeByQuery` in cluster.c), but each key by itself is found.
      if (messageOf(error).includes("TRYAGAIN")) return undefined;
      throw error;
    }
  });
  if (together === WRONG_TYPE) return names.map(() => null);
  if (together !== undefined) return together;
  const values: (string | null)[] = [];
  for (const name of names) {
    const value = await ask(() => client.get(name));
    values.push(value === WRONG_TYPE ? null : value);
  }
  return values;
}

/** Asks a question until it is answered. */
type Answers = <T>(question: () => Promise<T>) => Promise<T | typeof WRONG_TYPE>;

/** Stands for the answer that a key holds a value of another type. */
export const WRONG_TYPE: unique symbol = Symbol("wrong type");

/** Asks a question until it is answered; that the key is of another type is an answer. */
export function answers(signal: AbortSignal): Answers {
  return (question) =>
    poll(
      async () => {
        try {
          return await question();
        } catch (error) {
          if (messageOf(error).startsWith("WRONGTYPE")) return WRONG_TYPE;
          throw error;
        }
      },
      { everyMs: 50, signal },
    );
}

/** The count that a counter holds, 0 without a value; undefined if it is not an integer, as `1e3`, `0x10` and "" are not. */
export function parseCount(value: string | null): number | undefined {
  if (value === null) return 0;
  const count = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}

/** By kind and key number: the sequences of all writes that were tried. Of other kinds than `set` the last is enough. */
function writtenKeys(log: OperationLog, keys: number): Readonly<Record<WriteKind, readonly number[][]>> {
  const lists = (): number[][] => Array.from({ length: keys }, () => []);
  const written = Object.fromEntries(WRITE_KINDS.map((kind) => [kind, lists()])) as Record<
    WriteKind,
    number[][]
  >;
  for (let index = 0; index < log.length; index += 1) {
    if (log.isRead(index)) continue;
    const kind = log.kind(index);
    const own = written[kind][log.key(index)];
    if (own !== undefined && (kind === "set" || own.length === 0)) own.push(log.sequence(index));
  }
  return written;
}
