import type { Cluster } from "ioredis";
import { messageOf } from "../errors.ts";
import { poll } from "../timing/retry.ts";
import type { Keyspace } from "./keyspace.ts";
import { WRITE_KINDS, type WriteKind } from "./ledger.ts";
import type { OperationLog } from "./operation-log.ts";
import { decodeValue, formatToken } from "./token.ts";

/** Maximum number of commands in flight. */
const MAX_COMMANDS = 4;
/** Maximum number of values in one reply. */
const MAX_VALUES = 256;
/** Approximate maximum size of one reply. */
const MAX_BYTES = 1_048_576;

/** A value that the writer of its key has not written. */
export interface ForeignValue {
  readonly kind: WriteKind;
  readonly key: number;
  readonly name: string;
  readonly value: string;
}

/** All values that were present at the end of the run. */
export interface ReadBack {
  /** By kind and key: the sequences that were found, in their order, including duplicates. Empty for counters. */
  readonly sequences: Readonly<Record<WriteKind, readonly (readonly number[])[]>>;
  /** By key: the count; 0 if there is no value. */
  readonly counters: readonly number[];
  readonly foreign: readonly ForeignValue[];
}

/**
 * Reads every key that was written to from the primaries. Repeats a failed command until it is answered.
 *
 * @throws the last error of a command, when the signal aborts.
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
  const batch = Math.max(1, Math.min(MAX_VALUES, Math.floor(MAX_BYTES / valueBytes)));
  const retry = commandRetrier(signal);

  /** Records a key that another client has replaced by a key of another type. It contains nothing of the workload. */
  const recordWrongType = (kind: WriteKind, key: number, name: string): void => {
    foreign.push({ kind, key, name, value: "a value of another type" });
  };
  const recordValue = (
    kind: WriteKind,
    key: number,
    name: string,
    value: string,
    expectedSequence?: number,
  ): void => {
    const token = decodeValue(value);
    const isOwn =
      token?.writer === keyspace.writerOf(key) && (expectedSequence ?? token.sequence) === token.sequence;
    if (token !== undefined && isOwn) sequences[kind][key]?.push(token.sequence);
    else foreign.push({ kind, key, name, value });
  };

  const readers: Readonly<Record<WriteKind, (key: number, written: readonly number[]) => Promise<void>>> = {
    set: async (key, written) => {
      // All names of a key are in one slot, so that one MGET can read many of them.
      for (let from = 0; from < written.length; from += batch) {
        const part = written.slice(from, from + batch);
        const names = part.map((sequence) =>
          keyspace.name("set", key, formatToken(keyspace.writerOf(key), sequence)),
        );
        const values = await getValues(client, names, retry);
        for (const [index, value] of values.entries()) {
          if (value !== null) recordValue("set", key, names[index] as string, value, part[index]);
        }
      }
    },
    append: async (key) => {
      const name = keyspace.name("append", key, "");
      for (let from = 0; ; from += batch) {
        const values = await retry(() => client.lrange(name, from, from + batch - 1));
        if (values === WRONG_TYPE) return recordWrongType("append", key, name);
        for (const value of values) recordValue("append", key, name, value);
        if (values.length < batch) return;
      }
    },
    member: async (key) => {
      const name = keyspace.name("member", key, "");
      // SSCAN may return a member twice although the set contains it once.
      const members = new Set<string>();
      let cursor = "0";
      do {
        const reply = await retry(() => client.sscan(name, cursor, "COUNT", batch));
        if (reply === WRONG_TYPE) return recordWrongType("member", key, name);
        const [next, values] = reply;
        for (const value of values) members.add(value);
        cursor = next;
      } while (cursor !== "0");
      for (const value of members) recordValue("member", key, name, value);
    },
    counter: async (key) => {
      const name = keyspace.name("counter", key, "");
      const value = await retry(() => client.get(name));
      if (value === WRONG_TYPE) return recordWrongType("counter", key, name);
      const count = parseCount(value);
      if (count !== undefined) counters[key] = count;
      else foreign.push({ kind: "counter", key, name, value: String(value) });
    },
    register: async (key) => {
      const name = keyspace.name("register", key, "");
      const value = await retry(() => client.get(name));
      if (value === WRONG_TYPE) return recordWrongType("register", key, name);
      if (value !== null) recordValue("register", key, name, value);
    },
  };

  const written = writtenKeys(log, keyspace.keys);
  const tasks = WRITE_KINDS.flatMap((kind) =>
    [...written[kind].entries()].flatMap(([key, own]) => (own.length === 0 ? [] : [{ kind, key, own }])),
  ).values();
  const runTasks = async (): Promise<void> => {
    // All loops share one iterator, so that each of them takes the next task.
    for (const { kind, key, own } of tasks) await readers[kind](key, own);
  };
  // The abort of the signal ends each command, with the reason why the command was not answered.
  await Promise.all(Array.from({ length: MAX_COMMANDS }, runTasks));
  return { sequences, counters, foreign };
}

/** Returns the values of keys of one slot; null for a key that does not exist or has another type. */
async function getValues(
  client: Cluster,
  names: readonly string[],
  retry: RetryCommand,
): Promise<readonly (string | null)[]> {
  const together = await retry(async () => {
    try {
      return await client.mget([...names]);
    } catch (error) {
      // While a slot migrates, its keys are on two nodes. MGET is refused until the migration ends (`getNodeByQuery` in
      // cluster.c), but single keys can be read.
      if (messageOf(error).includes("TRYAGAIN")) return undefined;
      throw error;
    }
  });
  if (together === WRONG_TYPE) return names.map(() => null);
  if (together !== undefined) return together;
  const values: (string | null)[] = [];
  for (const name of names) {
    const value = await retry(() => client.get(name));
    values.push(value === WRONG_TYPE ? null : value);
  }
  return values;
}

/** Repeats a command until it is answered. */
type RetryCommand = <T>(command: () => Promise<T>) => Promise<T | typeof WRONG_TYPE>;

/** The result of a command whose key holds a value of another type. */
export const WRONG_TYPE: unique symbol = Symbol("wrong type");

/** Returns a function that repeats a command until it is answered. The error reply WRONGTYPE is an answer. */
export function commandRetrier(signal: AbortSignal): RetryCommand {
  return (command) =>
    poll(
      async () => {
        try {
          return await command();
        } catch (error) {
          if (messageOf(error).startsWith("WRONGTYPE")) return WRONG_TYPE;
          throw error;
        }
      },
      { everyMs: 50, signal },
    );
}

/**
 * Returns the count of a counter: 0 without a value; undefined if the value is not an integer, for example `1e3`, `0x10` or "".
 */
export function parseCount(value: string | null): number | undefined {
  if (value === null) return 0;
  const count = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}

/**
 * Returns the sequences of all writes that were attempted, by kind and key. For kinds other than `set`, only the first of each
 * key.
 */
function writtenKeys(log: OperationLog, keys: number): Readonly<Record<WriteKind, readonly number[][]>> {
  const lists = (): number[][] => Array.from({ length: keys }, () => []);
  const written = Object.fromEntries(WRITE_KINDS.map((kind) => [kind, lists()])) as Record<
    WriteKind,
    number[][]
  >;
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row)) continue;
    const kind = log.kind(row);
    const sequences = written[kind][log.key(row)];
    if (sequences !== undefined && (kind === "set" || sequences.length === 0)) {
      sequences.push(log.sequence(row));
    }
  }
  return written;
}
