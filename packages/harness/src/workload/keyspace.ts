import type { SlotRange } from "../plan/cluster-plan.ts";
import { keyForRange, keySlot } from "../plan/slots.ts";
import type { WriteKind } from "./ledger.ts";

/**
 * The keys of a workload. A key is a number from 0 to below `keys`. The number determines the shard, the hash tag and the writer,
 * and is the same for all kinds. Every key has exactly one writer, which sends one command at a time. Thus the order of the
 * writes to a key is known, and the checker needs nothing else.
 */
export class Keyspace {
  readonly keys: number;
  readonly shards: number;
  readonly #prefix: string;
  readonly #tags: readonly string[];
  readonly #slots: readonly number[];
  readonly #writers: number;

  /** @param prefix the beginning of every name, including a separator. */
  constructor(prefix: string, keys: number, writers: number, shardSlots: readonly SlotRange[]) {
    this.keys = keys;
    this.shards = shardSlots.length;
    this.#prefix = prefix;
    this.#writers = writers;
    this.#tags = Array.from({ length: keys }, (_, key) =>
      keyForRange(shardSlots[this.shardOf(key)] as SlotRange, `${key}.`),
    );
    this.#slots = this.#tags.map((tag) => keySlot(tag));
  }

  /** Returns the slot of a key, which is the same for all kinds. */
  slotOf(key: number): number {
    return this.#slots[key] as number;
  }

  /** Returns the index of the shard of a key. */
  shardOf(key: number): number {
    return key % this.shards;
  }

  /** Returns the index of the only writer of a key. */
  writerOf(key: number): number {
    // With enough keys each writer has keys on every shard. Otherwise it has at least one key.
    const hasEnoughKeys = this.keys >= this.shards * this.#writers;
    return (hasEnoughKeys ? Math.floor(key / this.shards) : key) % this.#writers;
  }

  /** Returns the keys of a writer. */
  keysOf(writer: number): readonly number[] {
    return Array.from({ length: this.keys }, (_, key) => key).filter((key) => this.writerOf(key) === writer);
  }

  /**
   * Returns the name of a key. The kind `set` has a name for each write. All names of a key are in one slot.
   *
   * @param token the token of the write. Only the kind `set` uses it.
   */
  name(kind: WriteKind, key: number, token: string): string {
    const name = `${this.#prefix}${kind}:{${this.#tags[key]}}`;
    return kind === "set" ? `${name}:${token}` : name;
  }
}
